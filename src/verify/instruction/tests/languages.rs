//! Which language a text is in: every sentence is held against every language, and only its own may pass.

use proptest::prelude::*;

use super::Constraint;

/// Sentences of our own, short and long, by code.
const SENTENCES: [(&str, &[&str]); 47] = [
    (
        "en",
        &[
            "The cat sleeps on the sofa.",
            "I have never been to that city before.",
            "Climate change affects farmers around the world, and many of them must find new ways to grow food.",
            "Please send me the report by Friday.",
            "Dogs bark loudly at night.",
        ],
    ),
    (
        "es",
        &[
            "El gato duerme en el sofá.",
            "Nunca he estado en esa ciudad.",
            "El cambio climático afecta a los agricultores de todo el mundo, y muchos buscan nuevas formas de cultivar alimentos.",
            "Me gusta leer libros por la noche.",
            "Mañana iremos a la playa con mis amigos.",
        ],
    ),
    (
        "pt",
        &[
            "O gato dorme no sofá.",
            "Nunca estive nessa cidade antes.",
            "As mudanças climáticas afetam agricultores do mundo inteiro, e muitos procuram novas formas de cultivar alimentos.",
            "Eu gosto de ler livros à noite.",
            "Amanhã vamos à praia com os meus amigos.",
        ],
    ),
    (
        "fr",
        &[
            "Le chat dort sur le canapé.",
            "Je n'ai jamais visité cette ville.",
            "Le changement climatique touche les agriculteurs du monde entier, et beaucoup cherchent de nouvelles façons de cultiver.",
            "J'aime lire des livres le soir.",
            "Demain, nous irons à la plage avec mes amis.",
        ],
    ),
    (
        "de",
        &[
            "Die Katze schläft auf dem Sofa.",
            "Ich war noch nie in dieser Stadt.",
            "Der Klimawandel betrifft Bauern auf der ganzen Welt, und viele suchen nach neuen Wegen, Nahrung anzubauen.",
            "Morgen fahren wir mit dem Zug nach Berlin.",
            "Der Hund bellt laut.",
        ],
    ),
    (
        "it",
        &[
            "Il gatto dorme sul divano.",
            "Non sono mai stato in quella città.",
            "Il cambiamento climatico colpisce gli agricoltori di tutto il mondo, e molti cercano nuovi modi di coltivare.",
            "Mi piace leggere libri la sera.",
            "Domani andremo al mare con i miei amici.",
            "Questa è una semplice frase italiana sul tempo.",
            "La pizza è buona.",
        ],
    ),
    (
        "pl",
        &[
            "Kot śpi na kanapie.",
            "Nigdy nie byłem w tym mieście.",
            "Zmiany klimatu dotykają rolników na całym świecie, a wielu z nich szuka nowych sposobów uprawy.",
            "Jutro pojedziemy nad morze z moimi przyjaciółmi.",
        ],
    ),
    (
        "fi",
        &[
            "Kissa nukkuu sohvalla.",
            "En ole koskaan käynyt siinä kaupungissa.",
            "Ilmastonmuutos vaikuttaa viljelijöihin kaikkialla maailmassa, ja monet etsivät uusia tapoja viljellä ruokaa.",
            "Huomenna menemme rannalle ystävieni kanssa.",
        ],
    ),
    (
        "vi",
        &[
            "Con mèo ngủ trên ghế sô pha.",
            "Tôi chưa bao giờ đến thành phố đó.",
            "Biến đổi khí hậu ảnh hưởng đến nông dân trên toàn thế giới và nhiều người tìm cách mới để trồng lương thực.",
            "Ngày mai chúng tôi sẽ đi biển với bạn bè.",
        ],
    ),
    (
        "sw",
        &[
            "Paka analala kwenye kochi.",
            "Sijawahi kufika katika mji huo.",
            "Mabadiliko ya tabianchi yanaathiri wakulima duniani kote, na wengi wao wanatafuta njia mpya za kulima chakula.",
            "Kesho tutakwenda pwani na marafiki zangu.",
            "Ninapenda kusoma vitabu usiku.",
            "Habari ya asubuhi, rafiki yangu.",
            "Mtoto anacheza mpira na wenzake shuleni.",
            "Leo ni siku nzuri sana.",
        ],
    ),
    (
        "nl",
        &[
            "De kat slaapt op de bank.",
            "Ik ben nog nooit in die stad geweest.",
            "Klimaatverandering treft boeren over de hele wereld, en velen zoeken nieuwe manieren om voedsel te verbouwen.",
        ],
    ),
    (
        "sv",
        &[
            "Katten sover på soffan.",
            "Jag har aldrig varit i den staden.",
            "Klimatförändringarna påverkar bönder över hela världen, och många söker nya sätt att odla mat.",
        ],
    ),
    (
        "da",
        &[
            "Jeg har aldrig været i den by før.",
            "Klimaforandringerne rammer landmænd over hele verden, og mange af dem søger nye måder at dyrke mad på.",
            "I morgen skal vi til stranden med mine venner, hvis vejret bliver godt.",
        ],
    ),
    (
        "no",
        &[
            "Jeg har aldri vært i den byen før.",
            "Klimaendringene rammer bønder over hele verden, og mange av dem leter etter nye måter å dyrke mat på.",
            "I morgen skal vi til stranda med vennene mine, hvis været blir fint.",
        ],
    ),
    (
        "cs",
        &[
            "Kočka spí na pohovce.",
            "Nikdy jsem v tom městě nebyl.",
            "Změna klimatu postihuje zemědělce po celém světě a mnozí hledají nové způsoby, jak pěstovat potraviny.",
        ],
    ),
    (
        "hu",
        &[
            "A macska a kanapén alszik.",
            "Soha nem voltam még abban a városban.",
            "Az éghajlatváltozás az egész világon érinti a gazdákat, és sokan új módszereket keresnek az élelmiszer termesztésére.",
        ],
    ),
    (
        "ro",
        &[
            "Pisica doarme pe canapea.",
            "Nu am fost niciodată în acel oraș.",
            "Schimbările climatice îi afectează pe fermierii din toată lumea, iar mulți caută noi moduri de a cultiva hrană.",
        ],
    ),
    (
        "tr",
        &[
            "Kedi kanepede uyuyor.",
            "Ben o şehre hiç gitmedim.",
            "İklim değişikliği dünyanın her yerindeki çiftçileri etkiliyor ve birçoğu yeni yollar arıyor.",
        ],
    ),
    (
        "id",
        &[
            "Kucing itu tidur di sofa.",
            "Saya belum pernah ke kota itu.",
            "Perubahan iklim memengaruhi petani di seluruh dunia, dan banyak dari mereka mencari cara baru untuk menanam pangan.",
        ],
    ),
    (
        "ca",
        &[
            "El gat dorm al sofà amb els meus fills.",
            "No he estat mai en aquesta ciutat.",
            "El canvi climàtic afecta els agricultors de tot el món, i molts busquen noves maneres de conrear aliments.",
        ],
    ),
    (
        "hr",
        &[
            "Mačka spava na kauču.",
            "Nikada nisam bio u tom gradu.",
            "Klimatske promjene pogađaju poljoprivrednike diljem svijeta, a mnogi traže nove načine uzgoja hrane.",
        ],
    ),
    (
        "sk",
        &[
            "Mačka spí na pohovke pri okne.",
            "Nikdy som v tom meste nebol.",
            "Zmena klímy postihuje poľnohospodárov na celom svete a mnohí hľadajú nové spôsoby, ako pestovať potraviny.",
        ],
    ),
    (
        "lt",
        &[
            "Katė miega ant sofos.",
            "Aš niekada nebuvau tame mieste.",
            "Klimato kaita veikia ūkininkus visame pasaulyje, ir daugelis ieško naujų būdų auginti maistą.",
        ],
    ),
    (
        "lv",
        &[
            "Kaķis guļ uz dīvāna.",
            "Es nekad neesmu bijis tajā pilsētā.",
            "Klimata pārmaiņas ietekmē lauksaimniekus visā pasaulē, un daudzi meklē jaunus veidus, kā audzēt pārtiku.",
        ],
    ),
    (
        "et",
        &[
            "Kass magab diivanil.",
            "Ma ei ole kunagi selles linnas käinud.",
            "Kliimamuutused mõjutavad põllumehi kogu maailmas ja paljud otsivad uusi viise toidu kasvatamiseks.",
        ],
    ),
    (
        "ru",
        &[
            "Кошка спит на диване.",
            "Я никогда не был в этом городе.",
            "Изменение климата затрагивает фермеров во всём мире, и многие из них ищут новые способы выращивать пищу.",
            "Завтра мы поедем на море с друзьями.",
        ],
    ),
    (
        "uk",
        &[
            "Кішка спить на дивані.",
            "Я ніколи не був у цьому місті.",
            "Зміна клімату впливає на фермерів у всьому світі, і багато з них шукають нові способи вирощувати їжу.",
            "Завтра ми поїдемо на море з друзями.",
        ],
    ),
    (
        "bg",
        &[
            "Котката спи на дивана.",
            "Никога не съм бил в този град.",
            "Промяната на климата засяга земеделците по целия свят и много от тях търсят нови начини да отглеждат храна.",
            "Утре ще отидем на море с приятели.",
        ],
    ),
    (
        "ar",
        &[
            "القطة تنام على الأريكة.",
            "لم أزر تلك المدينة من قبل.",
            "يؤثر تغير المناخ على المزارعين في جميع أنحاء العالم، ويبحث كثير منهم عن طرق جديدة لزراعة الغذاء.",
            "غدا سنذهب إلى البحر مع أصدقائي.",
        ],
    ),
    (
        "fa",
        &[
            "گربه روی مبل می‌خوابد.",
            "من هرگز به آن شهر نرفته‌ام.",
            "تغییر اقلیم بر کشاورزان سراسر جهان اثر می‌گذارد و بسیاری از آنها به دنبال راه‌های تازه‌ای برای کشت غذا هستند.",
            "فردا با دوستانم به دریا می‌رویم.",
        ],
    ),
    (
        "ur",
        &[
            "بلی صوفے پر سو رہی ہے۔",
            "میں کبھی اس شہر میں نہیں گیا۔",
            "موسمیاتی تبدیلی دنیا بھر کے کسانوں کو متاثر کر رہی ہے اور بہت سے لوگ خوراک اگانے کے نئے طریقے ڈھونڈ رہے ہیں۔",
            "کل ہم دوستوں کے ساتھ سمندر پر جائیں گے۔",
        ],
    ),
    (
        "hi",
        &[
            "बिल्ली सोफे पर सो रही है।",
            "मैं उस शहर में कभी नहीं गया।",
            "जलवायु परिवर्तन दुनिया भर के किसानों को प्रभावित करता है और कई लोग भोजन उगाने के नए तरीके खोज रहे हैं।",
            "कल हम दोस्तों के साथ समुद्र तट पर जाएंगे।",
        ],
    ),
    (
        "mr",
        &[
            "मांजर सोफ्यावर झोपली आहे.",
            "मी त्या शहरात कधीच गेलो नाही.",
            "हवामान बदलाचा जगभरातील शेतकऱ्यांवर परिणाम होतो आणि अनेक जण अन्न पिकवण्याचे नवे मार्ग शोधत आहेत.",
            "उद्या आम्ही मित्रांसोबत समुद्रकिनारी जाणार आहोत.",
        ],
    ),
    (
        "ne",
        &[
            "बिरालो सोफामा सुतिरहेको छ।",
            "म त्यो सहरमा कहिल्यै गएको छैन।",
            "जलवायु परिवर्तनले संसारभरका किसानहरूलाई असर गर्छ र धेरैले खाना उब्जाउने नयाँ तरिका खोजिरहेका छन्।",
            "भोलि हामी साथीहरूसँग समुद्र किनारमा जान्छौं।",
        ],
    ),
    ("bn", &["বিড়ালটি সোফায় ঘুমাচ্ছে।", "আমি কখনও সেই শহরে যাইনি, তবে আগামী বছর যাব।"]),
    ("gu", &["બિલાડી સોફા પર સૂઈ રહી છે.", "હું ક્યારેય તે શહેરમાં ગયો નથી, પણ આવતા વર્ષે જઈશ."]),
    ("pa", &["ਬਿੱਲੀ ਸੋਫੇ ਉੱਤੇ ਸੌਂ ਰਹੀ ਹੈ।", "ਮੈਂ ਕਦੇ ਉਸ ਸ਼ਹਿਰ ਨਹੀਂ ਗਿਆ, ਪਰ ਅਗਲੇ ਸਾਲ ਜਾਵਾਂਗਾ।"]),
    ("ta", &["பூனை சோபாவில் தூங்குகிறது.", "நான் அந்த நகரத்திற்கு ஒருபோதும் சென்றதில்லை."]),
    ("te", &["పిల్లి సోఫా మీద నిద్రపోతోంది.", "నేను ఆ నగరానికి ఎప్పుడూ వెళ్లలేదు."]),
    ("kn", &["ಬೆಕ್ಕು ಸೋಫಾದ ಮೇಲೆ ಮಲಗಿದೆ.", "ನಾನು ಆ ನಗರಕ್ಕೆ ಎಂದಿಗೂ ಹೋಗಿಲ್ಲ."]),
    ("ml", &["പൂച്ച സോഫയിൽ ഉറങ്ങുന്നു.", "ഞാൻ ആ നഗരത്തിൽ ഒരിക്കലും പോയിട്ടില്ല."]),
    ("th", &["แมวนอนอยู่บนโซฟา", "ฉันไม่เคยไปเมืองนั้นมาก่อน แต่ปีหน้าฉันจะไป"]),
    ("he", &["החתול ישן על הספה.", "מעולם לא הייתי בעיר ההיא, אבל בשנה הבאה אסע לשם."]),
    ("el", &["Η γάτα κοιμάται στον καναπέ.", "Δεν έχω πάει ποτέ σε εκείνη την πόλη."]),
    ("ko", &["고양이가 소파에서 자고 있다.", "나는 그 도시에 가 본 적이 없지만 내년에는 갈 것이다."]),
    ("ja", &["猫がソファで寝ている。", "その町には一度も行ったことがないが、来年は行くつもりだ。"]),
    (
        "zh",
        &[
            "猫在沙发上睡觉。",
            "我从来没有去过那个城市，但是明年我会去。",
            "我從來沒有去過那個城市，但是明年我會去。",
        ],
    ),
];

fn is_in(code: &str, text: &str) -> bool {
    let label = format!(r#"{{"func_name": "validate_response_language", "language": "{code}"}}"#);
    Constraint::parse(&label).unwrap()[0].check(text).followed
}

#[test]
fn each_sentence_is_in_its_own_language_alone() {
    let mut wrong = Vec::new();
    for (code, sentences) in SENTENCES {
        for sentence in sentences {
            let found: Vec<&str> =
                SENTENCES.iter().map(|(other, _)| *other).filter(|other| is_in(other, sentence)).collect();
            if found != [code] {
                wrong.push(format!("{code}: {found:?} {sentence}"));
            }
            assert!(is_in(code, &[*sentence; 4].join(" ")), "{code}, four times: {sentence}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_wholly_in_a_language_is_not_in_it() {
    for (code, text) in [
        ("it", "Sì."),
        ("de", "12345 67890"),
        ("ja", "東京都庁"),
        ("zh", "これは日本語で書かれた文です。"),
        ("hi", "यह एक sentence with many English words in it है।"),
        (
            "it",
            "Il gatto dorme sul divano e non vuole uscire.\n\nThe dog sleeps on the floor and does not want to go out.",
        ),
        ("ar", "The answer to your question is: نعم"),
        ("fr", "Sure! Here is a sentence in French that you asked me to write for you."),
    ] {
        assert!(!is_in(code, text), "{code}: {text}");
    }
    assert!(is_in("en", "THE WHOLE ANSWER STANDS IN CAPITALS, AND IT IS ENGLISH."));
    assert!(is_in("de", "Die Hauptstadt ist **Berlin**.\n\n- Sie liegt an der Spree.\n- Sie ist groß."));
    assert!(is_in("Italian", "Il gatto dorme sul divano."));
    assert!(is_in("iw", "החתול ישן על הספה."));
}

proptest! {
    /// Sentences of one language in any order are in it; one of them among two of another is not enough.
    #[test]
    fn texts_are_in_the_language_of_their_sentences(
        (own, other) in (0..SENTENCES.len(), 0..SENTENCES.len()),
        places in prop::collection::vec(0usize..8, 2..6),
    ) {
        let (code, sentences) = SENTENCES[own];
        let text: Vec<&str> = places.iter().map(|place| sentences[place % sentences.len()]).collect();
        let text = text.join(" ");
        prop_assert!(is_in(code, &text), "{code}: {text}");
        if own != other {
            prop_assert!(!is_in(SENTENCES[other].0, &text), "{}: {text}", SENTENCES[other].0);
        }
    }
}
