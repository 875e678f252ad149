"""Words that tell names of people from tests, atlases, makers and ordinary speech."""

from __future__ import annotations

# Family names that are words too: both words of a name must then be capitalised.
ALSO_WORDS = frozenset(
    """an bell berry black blanc blanco brooks burns busch cai cook costa cote cox cruz dang ding
    do don du dunn engel fang fisher flores ford foster fox freeman fuchs garrido gentile gray
    green greene gross guo gutierrez hall hart haus he hill holmes horn hu huber hudson hunt
    jager jung kaiser kara keller kim king kiss klein knight koc koenig konig krol kurt lane lange
    lee lin long ma marin marino mason mills molina moss noel page palmer pan papa park parker
    pena perry pinto polat popa price reed rice riley rivera romero rose rubio salo sand schwarz
    serra shaw shen silva singh small smit sommer song souza stan stein stone strand su sun tan
    tang tian tucker turner vega ward watts weaver webb weiss wells west winter wolff wood woods
    wu ye young yu yuan""".split()  # noqa: SIM905
)
# Names that are words in other fields: found there only where they are capitalised.
WORDS_AS_NAMES = frozenset(
    """brown white short baker carter walker hunter butler porter bishop day may june hope grace
    faith joy summer autumn grant mark will bill frank dean chase miles banks bridges fields forest
    lake marsh waters wolf bird bush cash church cross drake english french german holland ireland
    london paris jordan price rich sharp smart strong swift wise head hand hands foot power powers
    love case major minor pope prince snow frost storm noble good best bright gross schwarz braun
    kurz koch stern weber richter sommer herbst north south east field rest order block blocks
    press cole cable wall walls gates post fast slow early late blank marks sharpe""".split()  # noqa: SIM905
)
# Chinese names in Latin letters: syllables that count as given names beside these family names.
CHINESE_GIVEN = frozenset(
    """bo chao fang fei feng gang hao hong hua hui jia jian jie jing jun kun lan lei li liang ling
    mei meng min ming na ning peng ping qian qiang qing rong rui shan tao ting wei wen xia xiang
    xiao xin xiu xue yan yang yi ying yong yu yuan yue yun zhen zhi""".split()  # noqa: SIM905
)
CHINESE_FAMILY = frozenset(
    """cai cao chan chen cheng deng feng gao guo han he huang jiang li liang lin liu luo ma pan peng
    shen song sun tang wang wong wu xiao xie xu yang yu yuan zeng zhang zhao zheng zhou
    zhu""".split()  # noqa: SIM905
)
# Names that mostly stand for a test, a disease, an atlas, a unit or a method.
EPONYMS = frozenset(
    """alzheimer beck bernard broca brodmann desikan destrieux diedrichsen edinburgh fischer
    fisher gauss gordon gray hamilton hammers hasegawa hopkins huntington kennedy laplace larsen
    marshall martinos max moore morris parkinson pearson petersen powell rey riley schaefer
    shepard simon spearman spencer stroop tanner taylor thomas wallace watson wechsler weber
    welch wilson yeo young zhang
    kolmogorov smirnov wilcoxon kruskal bonferroni hochberg benjamini tukey dunnett levene fourier
    hilbert butterworth chebyshev gabor gibbs markov carlo bayes bayesian poisson gaussian
    bernoulli cauchy dirichlet euler lagrange laplacian hermite bessel hanning hamming blackman
    kalman wiener nyquist rician rayleigh montreal talairach brodmann broca wernicke heschl
    rolando rolandic sylvius sylvian hopfield sternberg flanker ericksen eriksen posner corsi
    boston tower hanoi hoehn yahr fagerstrom epworth pittsburgh oldfield spielberger liebowitz
    vineland bayley peabody bourdon brickenkamp trier cyberball hariri ekman cronbach likert
    stroop peterson rancho rankin barthel expanded kurtzke unified jezzard balaban larmor maxwell
    meiboom stejskal tanner levenberg marquardt nelder mead broyden krylov cholesky euclidean
    manhattan mahalanobis hausdorff dice jaccard procrustes voronoi delaunay riemann hellinger
    kullback leibler akaike pearson spearman cramer hotelling harvard julich juelich destrieux
    killiany hammers mindboggle edinburgh alpha beta gamma delta theta kappa lambda
    sigma omega""".split()  # noqa: SIM905
)
_NO_FAMILY_WORDS = """
    task test tests scale inventory questionnaire index score atlas center centre institute
    university hospital clinic street road protocol sequence study project phantom scan scanner
    session series block face faces voice image images effect condition trial run rest head brain
    neuro spine routine research mri fmri mprage flair dwi bold epi swi asl tof gre sag cor tra
    axial sagittal coronal with and for the after before from left right post pre was has had is
    will can said moved monday tuesday wednesday thursday friday saturday sunday january february
    march april may june july august september october november december pcasl planck version
    effect syndrome disease body loop area sign symptoms rating depression anxiety naming handedness
    sleep quality trail making checklist battery assessment personality cognitive memory short form
    verbal learning complex figure muscular dystrophy forward backward transform filter window field
    space template parcellation network networks cortex gyrus sulcus nucleus software system systems
    siemens philips toshiba canon general electric prisma skyra achieva ingenia signa discovery
    magnetom edition press news county city school college department foundation society
"""
NO_FAMILY = frozenset(_NO_FAMILY_WORDS.split())
# Words of notes, reports and programs that begin a line or stand in capitals, and are no names.
_SPEECH_WORDS = """
    the this that these those there here then than they them their he she his her him its our we you
    your yours my mine me us it a an and or but nor not no yes ok if when while where who whom whose
    which what why how all any both each every some none one two three four five six seven eight
    nine ten first second third last next other another same such only own very more most less least
    few many much several please thanks thank note notes remark remarks comment comments see also
    data raw value values mean median total sum number numbers name names title label labels group
    groups control controls patient patients participant participants subject subjects volunteer
    volunteers healthy person people adult adults child children infant male female man men woman
    women boy girl male sir madam colleague colleagues editor friends team everybody everyone
    mother father parents sister brother twin wife husband partner family friend
    doctor nurse staff operator technician radiographer radiologist physician neurologist
    examiner rater reader interviewer experimenter consultant attending reviewer secretary
    information consent form sheet letter report reports summary results result methods method
    discussion introduction conclusion abstract references appendix figure figures table tables
    section chapter page supplementary material materials version draft final original copy
    analysis analyses statistics model models design matrix contrast contrasts cluster voxel voxels
    mask masks region regions ratio error errors warning info debug trace fatal step steps stage
    input inputs output outputs file files folder directory path script code function class object
    module package library program tool tools command option options parameter parameters setting
    settings config default defaults user users admin root host server client
    start started end ended begin began finish finished done stop stopped run runs ran repeat
    repeated pause paused break continue continued skip skipped missing lost removed included
    excluded complete completed incomplete unknown anonymous redacted deidentified
    eyes eye open closed hand hands finger fingers arm leg foot ear nose mouth chin neck shoulder
    coil cap electrode electrodes channel channels trigger triggers marker markers amplifier
    scanner magnet table bed mirror headphones button buttons box screen monitor camera
    block trial trials task tasks condition conditions stimulus stimuli cue target response
    responses onset duration rating instruction instructions practice baseline fixation
    space spaces position orientation direction slice slices volume volumes field map maps
    magnitude phase echo signal noise artefact artifact motion movement shim shimming
    analyser level levels type types unit units date dates day days week weeks month months year
    years hour hours minute minutes today yesterday tomorrow morning afternoon evening night
    age sex gender height weight handedness education diagnosis diagnoses disease disorder syndrome
    medication treatment therapy surgery injury accident history symptoms headache pain
    good bad poor fine fair great excellent high low large small big long short new old young early
    late normal abnormal positive negative left right upper lower anterior posterior dorsal ventral
    medial lateral superior inferior true false null nan
    english german french dutch spanish italian finnish swedish american european asian african
    germany france england europe america
    english language native mother tongue religion ethnicity nationality origin occupation
    profession school university college hospital clinic institute department centre center
    laboratory lab office room building street road city country
    aged born died lives living alive dead single married
    re fw cc bcc attn subject from to date sent mail email phone mobile fax address tel
    hi hello dear best kind warm many regards wishes greetings sincerely faithfully cheers
    after before during because although however therefore thus hence since until unless
    could would should can cannot will was were is are be been being has have had do does did
    get got make made take taken took use used using give given find found found show shown showed
    according based related specific general special different similar various
    der die das den dem des ein eine einer und oder aber nicht mit von zu im am auf bei nach vor
    fur durch gegen ohne um wir sie er es ich ihr uns kein keine patientin probandin proband
    probanden messung untersuchung befund bemerkung datum klinik abteilung
    le la les un une des et ou mais avec pour dans sur par sans nous vous ils elles il elle patiente
    sujet el los las una y pero con para sin por paciente sujeto il lo gli e ma paziente
    auto automatic manual single double multi linear nonlinear rigid affine standard advanced
    primary secondary tertiary local global public private internal external
    space time frequency spectrum power amplitude latency
    red green blue black white yellow orange purple brown grey gray pink
    plus minus times equal equals
    id ids no nr code codes key keys index list item items entry entries record records row rows
    column columns line lines text word words letter letters picture pictures image images photo
    movie video audio sound tone music story stories
    quality control check checked checks review reviewed reviewer visual inspection
    iso bids dicom nifti json tsv csv xml html pdf python matlab octave java linux windows mac
    ubuntu debian docker singularity git github gitlab openneuro zenodo slurm fmriprep mriqc
    freesurfer fsl spm afni ants nilearn nipype heudiconv bidscoin dcm2niix workbench conn
    brainvoyager fieldtrip eeglab mne psychopy psychtoolbox presentation eprime
    mni talairach colin ras lps neuromag elekta ctf biosemi brainproducts egi
    ge bruker philips siemens prisma trio verio skyra avanto terra vida achieva ingenia discovery
    t1w t2w flair bold dwi asl swi mprage mp2rage space tse gre epi
"""
SPEECH = frozenset(_SPEECH_WORDS.split())
