//! Parts of words that are typical of a language, for short texts without its frequent words: endings, beginnings
//! and groups of letters, of two to five characters with `_` for the edge of a word.

/// By code; what several languages have stands with each of them.
pub(crate) const PARTS: [(&str, &str); 28] = [
    ("en", "_th th wh ght ck ing_ tion_ ly_ ed_ sh ou ea oo ee ow ay_ ough ness_ ful_ _wr ss_ ds_ rk_ ks_"),
    (
        "es",
        "ción_ ado_ ada_ ía ñ _qu ll ue ie dad_ ndo_ os_ as_ ero_ mos_ rr ito_ eza_ iero _el_ erme ará_ aba_",
    ),
    (
        "pt",
        "ção_ ções_ ão_ ões_ lh nh ou_ ei os_ as_ _qu ss ade_ ndo_ eiro em_ am_ mos_ ã õ ria_ orme aria ado_ ada_",
    ),
    (
        "fr",
        "eau ou ai oi eux_ tion_ ent_ ez_ ait_ _qu eu é_ ée_ és_ que_ elle_ ette_ eil ois_ aux_ aît cha ère_ ieu ux_ ons_",
    ),
    (
        "de",
        "sch ch cht ung_ lich keit_ heit_ _ge _ver _be tz ck ei ie au eu pf _zw äu isch ern_ ig_ llt_ nd_ ß ft_ hr_ nn ell tt",
    ),
    (
        "it",
        "gg cc zz zione_ zioni_ gli cch ghi ezza_ are_ ere_ ire_ ato_ ata_ ati_ ente_ mente_ ono_ iamo_ ggi tto_ tta_ gia iace \
      llo_ lla_ nno_ ini_ oni_ uo ibr ri_ ni_ sera",
    ),
    (
        "pl",
        "cz rz sz dz ów_ ego_ ych_ ski_ ska_ _prz owa ania_ ie_ nie szcz ch_ iej_ ały_ ła_ ać_ ić_ ość dzi _wsz",
    ),
    (
        "fi",
        "nen_ ssa_ ssä_ lla_ llä_ sta_ stä_ ksi_ kk tt ii uu aa ää yy ll uks inen sti_ een_ iin_ mme_ tte_ vat_ vät_ lle_ uo",
    ),
    ("vi", "iê uô ươ"),
    (
        "sw",
        "_wa _ku _ki _vi _ni _tu _ana _wana _nina _tuna _ali _wali _nili _tuli _ata _tuta _wata _nita _ha _mw _nya ish wa_ ika_ \
      isha_ iwa_ ana_ eni_ ini_ ngu_ nge nda_ mba mbo ndo nz nj nya ngo ofu uku _ma _ms _mt _mf _mk _uk _us abu_ ema_ oma_ ele_ \
      aka_ umba imu_ izo_ _lili ima_ _ya ali_ kwa_ ula_ _pa enye_",
    ),
    ("nl", "ij aa oo ee sch _ge cht lijk ui oe je_ ing_ aar uu eer heid_ eid_ eel ijn dt_ _ver tje"),
    (
        "sv",
        "ar_ or_ ade_ ning för tt_ ck sk å äl ör sj ll rna_ erna arna tion_ lig_ _på_ ten_ tten een_ _sj er_",
    ),
    (
        "da",
        "ede_ hed_ else_ ig_ gt_ af dt_ ej ø å bliv æ eg_ er_ ejl øj nd rne_ sk inger_ dde_ tte_ _på_ lig_",
    ),
    (
        "no",
        "ene_ het_ ikk øy kk tt_ kj skj ø å bli ei æ er_ inga_ nda_ nne_ ette_ dde_ _på_ sk lig_ erte_ gg",
    ),
    ("cs", "ou_ ní_ ých_ ého_ ř ů ě ch_ ost_ at_ ov ět ský ště _př _ne čka_ áv ka_ ím_ ový ech_ ce_"),
    (
        "hu",
        "sz gy cs zs ly ny ek_ ok_ ák_ ban_ ben_ nak_ nek_ ik_ ott_ ett_ ság ség án_ én_ tt_ eg ít _meg ás_ és_ ra_ _el _ki _a_",
    ),
    ("ro", "ul_ ului_ ea_ ție ți_ ă_ ează_ esc_ ește_ uri_ ilor_ oa ă iu_ ește are_ at_ ii_ ne_"),
    (
        "tr",
        "yor lar_ ler_ ları leri dır_ dir_ ğ ş ı dı_ di_ mak_ mek_ ece acak ında inde ede_ iyor uyor üz ün_ ye_ an_ lık lik",
    ),
    (
        "id",
        "_me _ber _ke nya_ kan_ _di _ter ang_ _pe ah_ ung ing_ eng _se an_ ar_ _mem _men _peng uh_ at_ aan_ _ting ur_",
    ),
    ("ca", "ció_ ny ll ix tat_ nts_ es_ _qu ig_ aig ment_ eix ny_ tge l·l ès_ às_ ats_ uen"),
    (
        "hr",
        "nje_ lj nj ski_ ati_ iti_ ova ava va_ oj ije ije_ ka_ ost_ đ uje_ ima_ ama_ ču_ čka_ ih_ og_ anj",
    ),
    ("sk", "ovať ť_ ľ ô ie_ ol_ ých_ ého_ ný_ osť_ ou_ ské_ ia_ iu_ ová čka_ ka_ _ne ch_ om_ ce_ pri"),
    ("lt", "as_ is_ us_ os_ ai_ iu uo ė ų ys_ ių_ ti_ ama_ ti_ imas_ kas_ ėja_ ies_ ant ia_ ias_"),
    ("lv", "ā ē ī ķ ļ ņ ģ šan as_ ums_ ij ie am_ ais_ ās_ ija_ ts_ ties_ ēt_ āt_ īt_ us_ ņi"),
    (
        "et",
        "õ ii aa uu ab_ il_ st_ sse_ ud_ le_ mine_ ja_ äi ee öö oo ise_ as_ uma_ ada_ ed_ di tud_ iva vat_ ss",
    ),
    (
        "ru",
        "ет_ ит_ ать_ ить_ ый_ ая_ ой_ ое_ ого_ шк ие_ ся_ жд ени ия_ ешь_ ют_ ят_ ться_ ках_ ыш сп ий_ ск ах_ ях_ пит дит",
    ),
    (
        "uk",
        "ить_ ать_ ють_ ий_ ння_ ся_ ати_ ити_ ого_ ськ ьк ої_ ою_ ів_ ої шк єт ість_ ує_ ях_ ям_ сп ах_ пить дить",
    ),
    (
        "bg",
        "ът_ та_ то_ ите_ ам_ ят_ ция_ еше_ ява_ ъ ията_ ва_ ски_ ан_ ото_ ата_ ене_ яма_ ове_ оти_ ица_ ри_",
    ),
];
