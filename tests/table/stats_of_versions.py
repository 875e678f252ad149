# ruff: noqa: E501
"""``aseg.stats`` and ``lh.aparc.stats`` in the wording of four FreeSurfer versions.

Header lines, column descriptions, spacing and structure names are those that the versions write;
the numbers are made up.
"""

from __future__ import annotations

CVS = {
    "5.1": "$Id: mri_segstats.c,v 1.75 2011/03/02 00:04:24 nicks Exp $",
    "6.0": "$Id: mri_segstats.c,v 1.121 2016/05/31 17:27:11 greve Exp $",
    "7.0": "7.0.0",
    "7.4": "7.4.1",
}
FIXED = {
    "7.0": "# BrainVolStatsFixed-NotNeeded because voxelvolume=1mm3\n",
    "7.4": "# BrainVolStatsFixed see surfer.nmr.mgh.harvard.edu/fswiki/BrainVolStatsFixed\n",
}
OLD_MEASURES = """# Measure lhCortex, lhCortexVol, Left hemisphere cortical gray matter volume, 236822.229074, mm^3
# Measure rhCortex, rhCortexVol, Right hemisphere cortical gray matter volume, 239503.264625, mm^3
# Measure Cortex, CortexVol, Total cortical gray matter volume, 476325.493700, mm^3
# Measure lhCorticalWhiteMatter, lhCorticalWhiteMatterVol, Left hemisphere cortical white matter volume, 265759.328125, mm^3
# Measure SubCortGray, SubCortGrayVol, Subcortical gray matter volume, 188062.000000, mm^3
# Measure SupraTentorial, SupraTentorialVol, Supratentorial volume, 1115465.319910, mm^3
# Measure IntraCranialVol, ICV, Intracranial Volume, 1218205.205907, mm^3
"""
NEW_MEASURES = """# Measure BrainSeg, BrainSegVol, Brain Segmentation Volume, 1169408.000000, mm^3
# Measure BrainSegNotVent, BrainSegVolNotVent, Brain Segmentation Volume Without Ventricles, 1157593.000000, mm^3
# Measure VentricleChoroidVol, VentricleChoroidVol, Volume of ventricles and choroid plexus, 9296.000000, mm^3
# Measure lhCortex, lhCortexVol, Left hemisphere cortical gray matter volume, 232345.220912, mm^3
# Measure rhCortex, rhCortexVol, Right hemisphere cortical gray matter volume, 222242.475246, mm^3
# Measure Cortex, CortexVol, Total cortical gray matter volume, 454587.696158, mm^3
# Measure lhCerebralWhiteMatter, lhCerebralWhiteMatterVol, Left hemisphere cerebral white matter volume, 251589.500000, mm^3
# Measure SubCortGray, SubCortGrayVol, Subcortical gray matter volume, 62428.000000, mm^3
# Measure SupraTentorial, SupraTentorialVol, Supratentorial volume, 1023873.000000, mm^3
# Measure BrainSegVol-to-eTIV, BrainSegVol-to-eTIV, Ratio of BrainSegVol to eTIV, 0.823275, unitless
# Measure lhSurfaceHoles, lhSurfaceHoles, Number of defect holes in lh surfaces prior to fixing, 24, unitless
# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Intracranial Volume, 1420434.160521, mm^3
"""
ASEG = """# Title Segmentation Statistics {space}
# {space}
# generating_program mri_segstats
# cvs_version {cvs}
# cmdline mri_segstats --seg mri/aseg.mgz --sum stats/aseg.stats --pv mri/norm.mgz --empty --excludeid 0 --subject planted-subject {space}
# sysname  Linux
# hostname planted-host
# machine  x86_64
# user     planted-user
# anatomy_type volume
# {space}
# SUBJECTS_DIR /planted/path
# subjectname planted-subject
{fixed}{measures}# SegVolFile mri/aseg.mgz {space}
# SegVolFileTimeStamp  2020/05/04 22:14:04 {space}
# ColorTable /usr/local/freesurfer/ASegStatsLUT.txt {space}
# InVolFile  mri/norm.mgz {space}
# InVolFrame 0 {space}
# Excluding Cortical Gray and White Matter
# ExcludeSegId 0 2 3 41 42 {space}
# VoxelVolume_mm3 {voxel} {space}
# TableCol  1 ColHeader Index {space}
# TableCol  1 FieldName Index {space}
# TableCol  1 Units     NA {space}
# TableCol  2 ColHeader SegId {space}
# TableCol  2 FieldName Segmentation Id
# TableCol  2 Units     NA
# TableCol  3 ColHeader NVoxels {space}
# TableCol  3 FieldName Number of Voxels
# TableCol  3 Units     unitless
# TableCol  4 ColHeader Volume_mm3
# TableCol  4 FieldName Volume
# TableCol  4 Units     mm^3
# TableCol  5 ColHeader StructName
# TableCol  5 FieldName Structure Name
# TableCol  5 Units     NA
# TableCol  6 ColHeader normMean {space}
# TableCol  6 FieldName Intensity normMean
# TableCol  6 Units     MR
# NRows 5 {space}
# NTableCols 10 {space}
# ColHeaders  Index SegId NVoxels Volume_mm3 StructName normMean normStdDev normMin normMax normRange  {space}
  1   4     11076     5581.1  Left-Lateral-Ventricle            27.3055    15.4437     0.0000    88.0000    88.0000 {space}
  2  10     21607     8178.8  {thalamus:<33} 83.3560    10.4341    27.0000   114.0000    87.0000 {space}
  3  14      1612      741.0  3rd-Ventricle                     37.1487    15.2063     0.0000    78.0000    78.0000 {space}
  4  72         0        0.0  5th-Ventricle                      0.0000     0.0000     0.0000     0.0000     0.0000 {space}
  5 253      2199      789.6  CC_Central                        90.2009    16.9791    24.0000   119.0000    95.0000 {space}
"""
APARC = """# Table of FreeSurfer cortical parcellation anatomical statistics {space}
# {space}
# CreationTime 2019/05/09-21:03:13-GMT
# generating_program mris_anatomical_stats
# cvs_version {cvs}
# mrisurf.c-cvs_version $Id: mrisurf.c,v 1.781.2.6 2016/12/27 16:47:14 zkaufman Exp $
# cmdline mris_anatomical_stats -th3 -mgz -f ../stats/lh.aparc.stats planted-subject lh white {space}
# hostname planted-host
# user     planted-user
# SUBJECTS_DIR /planted/path
# anatomy_type surface
# subjectname planted-subject
# hemi lh
# AnnotationFile ../label/lh.aparc.annot
# AnnotationFileTimeStamp 2019/05/09 22:27:28
# Measure Cortex, NumVert, Number of Vertices, 149612, unitless
# Measure Cortex, WhiteSurfArea, White Surface Total Area, 99468.9, mm^2
# Measure Cortex, MeanThickness, Mean Thickness, 2.4817, mm
{whole}# NTableCols 10
# TableCol  1 ColHeader StructName
# TableCol  1 FieldName Structure Name
# TableCol  1 Units     NA
# TableCol  3 ColHeader SurfArea
# TableCol  3 FieldName Surface Area
# TableCol  3 Units     mm^2
# TableCol  4 ColHeader GrayVol
# TableCol  4 FieldName Gray Matter Volume
# TableCol  4 Units     mm^3
# TableCol  5 ColHeader ThickAvg {space}
# TableCol  5 FieldName Average Thickness
# TableCol  5 Units     mm
# TableCol  6 ColHeader ThickStd
# TableCol  6 FieldName Thickness StdDev
# TableCol  6 Units     mm {space}
# TableCol  9 ColHeader  FoldInd
# TableCol  9 FieldName  Folding Index {space}
# TableCol  9 Units      unitless {space}
# ColHeaders StructName NumVert SurfArea GrayVol ThickAvg ThickStd MeanCurv GausCurv FoldInd CurvInd
bankssts                                 1344    929   2171  2.436 0.381     0.103     0.015        9     0.9
insula                                   4125   2811   8813  3.080 0.747     0.121     0.026       43     4.0
"""
WHOLE = {
    "5.1": "",
    "6.0": "# Measure BrainSeg, BrainSegVol, Brain Segmentation Volume, 1327432.000000, mm^3\n"
    "# Measure Cortex, CortexVol Total cortical gray matter volume, 553998.311189, mm^3\n"
    "# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Intracranial Volume, 1670487.274486, mm^3\n",
}
WHOLE["7.0"] = WHOLE["7.4"] = WHOLE["6.0"].replace("CortexVol Total", "CortexVol, Total")


def aseg(version: str) -> str:
    """``aseg.stats`` as a version writes it."""
    return ASEG.format(
        space="",
        cvs=CVS[version],
        fixed=FIXED.get(version, ""),
        measures=OLD_MEASURES if version == "5.1" else NEW_MEASURES,
        voxel="0.343" if version == "7.4" else "1",
        thalamus="Left-Thalamus" if version[0] == "7" else "Left-Thalamus-Proper",
    )


def aparc(version: str) -> str:
    """``lh.aparc.stats`` as a version writes it."""
    return APARC.format(space="", cvs=CVS[version], whole=WHOLE[version])
