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
    welch wilson yeo young zhang""".split()  # noqa: SIM905
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
