//! Frequent words and peculiar letters of languages that share a script, as small letters. The words are articles,
//! pronouns, prepositions, conjunctions, auxiliary verbs and the like: what a sentence can hardly do without.

/// A language's code, its frequent words, and the letters and marks beyond the common
/// ones of its script that it is written with.
pub(crate) struct Vocabulary {
    pub code: &'static str,
    pub words: &'static str,
    pub letters: &'static str,
}

const fn language(code: &'static str, letters: &'static str, words: &'static str) -> Vocabulary {
    Vocabulary { code, words, letters }
}

pub(crate) const LATIN: [Vocabulary; 25] = [
    language(
        "en",
        "é",
        "short long good new day year life world house work man woman city country big small poem story answer \
         the of and to in is that it was for on are as with his they at be this from have or by one had not but what \
         all were when we there can an your which their said if do will each about how up out them then she many some \
         so these would other into has more her two like him see time could no make than first been its who now people \
         my over did down only way find use may water long little very after words just where most know i you he me us \
         our a don t s ll re ve am here also because why should while",
    ),
    language(
        "es",
        "ñ¿¡áéíóúü",
        "vida tiempo casa día días gente mundo trabajo trabaja hermano hermana hombre mujer agua ciudad país buen buena bueno hace \
         el la de que y en un ser se no haber por con su para como estar tener le lo todo pero más hacer o poder decir \
         este ir otro ese si me ya ver porque dar cuando él muy sin vez mucho saber qué sobre mi alguno mismo yo también \
         hasta año dos querer entre así primero desde grande eso ni nos llegar los las una del al es son está están fue \
         era han ha hay esta esto estos estas uno tiene tienen sus les bien donde aquí hoy nosotros usted ustedes ella \
         ellos ellas soy eres somos siempre nada algo cada antes después mientras durante",
    ),
    language(
        "pt",
        "ãõáéíóúâêôàç",
        "vida tempo casa dia dias gente mundo trabalho trabalha irmão irmã homem mulher água cidade país bom boa meu \
         o a os as de do da dos das em no na nos nas um uma uns umas que e é não para por com se mais como mas foi ao ele \
         ela eles elas seu sua seus suas ou ser quando muito há já está estão eu também só pelo pela até isso isto entre \
         era depois sem mesmo aos ter são você vocês meu minha num numa nem à às esta este essa esse estes estas tem têm \
         foram onde nós lhe hoje aqui sobre cada tudo bem ainda então porque agora pode podem fazer sempre nada algo \
         antes durante enquanto muitos muitas",
    ),
    language(
        "fr",
        "àâçéèêëîïôœùûüæ",
        "vie temps maison jour jours gens monde travail travaille frère sœur homme femme eau ville pays bon bonne beau \
         le la les de des du un une et est en à au aux que qui dans pour pas ne sur se ce cette ces cet plus par je il elle \
         nous vous ils elles on mais ou où avec son sa ses leur leurs mon ma mes ton ta tes notre votre nos vos tout tous \
         toute toutes bien être avoir fait faire comme si sans y sont était été très aussi même donc car lui peut peuvent \
         j l d c qu n s m t ont avait ai as avez sommes êtes suis quand entre après avant chaque aujourd hui deux ceci cela \
         ça rien toujours pendant parce depuis encore",
    ),
    language(
        "de",
        "äöüß",
        "leben zeit haus tag tage leute welt arbeit arbeitet bruder schwester mann frau wasser stadt land gut gute schön \
         der die das und ist in den von zu mit sich des auf für im dem nicht ein eine als auch es an werden aus er hat \
         dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr \
         durch man sein wurde sei ich du wir ihr mich dich mir dir uns euch ihm ihn ihre seine mein dein kein keine wenn \
         weil was wer wo hier da dann doch schon sehr kann können muss soll gibt immer heute dieser diese dieses eines \
         unser unsere vom beim ganz jeder viel viele",
    ),
    language(
        "it",
        "àèéìíòóù",
        "vita tempo casa giorno giorni gente mondo lavoro lavora fratello sorella uomo donna acqua città paese buono buona bello \
         il lo la i gli le un uno una di a da in con su per tra fra e è che non si del dello della dei degli delle al allo \
         alla ai agli alle dal dalla dai dalle nel nello nella nei nelle sul sulla sui sulle sono sei siamo siete era erano \
         ha ho hai hanno abbiamo questo questa questi queste quello quella quelli più come ma anche se o io tu lui lei noi \
         voi loro mi ti ci vi mio mia suo sua quando dove perché molto molti tutto tutti tutte essere fare può possono \
         ogni oggi qui già dopo prima senza così solo ancora cosa due stato stata l dell all nell dall sull c d un",
    ),
    language(
        "pl",
        "ąćęłńóśźż",
        "życie czas dom dzień dni ludzie świat praca pracuje brat siostra kobieta woda miasto kraj dobry dobra \
         i w na z do się nie jest to że o jak a za po przez od dla ale co czy przy tak już tylko był była było były są być \
         jego jej ich ten ta te tego tej tych tym który która które oraz lub może można bardzo więc gdy kiedy gdzie bo \
         ze we nad pod przed ja ty on ona ono my wy oni mnie mi ciebie ci go mu jestem jesteś mam masz ma mają też \
         także dzisiaj dziś tu tutaj tam wszystko wszystkie każdy jeden dwa dwie coś nic swoje moje nasz między podczas",
    ),
    language(
        "fi",
        "äöå",
        "elämä aika talo päivä päivää ihmiset maailma työ veli sisko mies nainen vesi kaupunki maa hyvää kaunis \
         ja on ei se että oli hän mutta ovat kun niin kuin myös tai joka jotka jos ole olen olet olemme olivat sen sitä \
         siitä tämä tämän tätä nämä ne niitä me te he minä sinä minun sinun hänen meidän heidän mitä mikä missä mukaan \
         vain vielä nyt jo sitten koska kanssa hyvin kaikki kaikkien ollut olla voi voivat pitää saa mutta sekä eli yksi \
         kaksi paljon tänään täällä siellä aina kuitenkin ennen jälkeen ilman noin joskus usein hyvä suomen",
    ),
    language(
        "vi",
        "đơưạăảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹâêôáàãéèíìóòõúùýĩũ",
        "và của là có được cho một không những các trong với người này đã ra để khi từ đến ở như về tôi nó anh em chị ông bà \
         chúng ta tớ bạn họ mà thì đó đây vì nếu hay nhưng cũng sẽ đang rất nhiều lại còn phải làm biết đi trên dưới vào \
         năm ngày nhà nước theo sau trước bởi tại cả mọi gì ai nào rằng việc",
    ),
    language(
        "sw",
        "",
        "ya na wa kwa ni katika za la hii hiyo kuwa cha huu huo yake au lakini pia kama ambayo ambao watu moja sana kila \
         baada hali mimi wewe yeye sisi ninyi wao yangu yako wake wetu yetu hapa pale huyo huyu hawa hayo haya ile wale leo \
         kesho jana habari mtu mwaka siku nchi kazi mtoto watoto nyumba nyumbani shule shuleni chakula maji asubuhi usiku \
         jioni nzuri mzuri kubwa mkubwa ndogo mdogo vya vile hivi hivyo si sio hakuna kuna ana wana nina una tuna alikuwa \
         walikuwa ilikuwa itakuwa yuko uko iko bado tu hata ili kisha tena kabla wakati mahali vizuri rafiki ndiyo hapana \
         karibu asante mama baba kitabu lugha kiswahili sentensi rahisi kuhusu ambapo pamoja mbalimbali nyingi wengi \
         kutoka hadi kati juu chini ndani nje bila zaidi mara ingawa kwamba ndani kwenye mji jua mvua anga joto baridi",
    ),
    language(
        "nl",
        "ĳéëïöü",
        "leven tijd huis dag dagen wereld werk werkt broer zus man vrouw water stad land mooi \
         de het een en van is in dat op te zijn met voor niet aan er om dan maar of wat bij uit door ook naar als over nog \
         tot heeft hebben hij zij ze wij we ik je jij jullie u mijn jouw haar hun ons onze deze dit die daar hier waar wie \
         werd worden was waren wordt kan kunnen zal zullen moet geen meer al zo heel zeer veel goed toen omdat want wel \
         iets niets elke alle onder tegen tussen na vandaag altijd mensen had hem zich",
    ),
    language(
        "sv",
        "åäöé",
        "livet tid hus dag dagar folk världen arbete arbetar bror syster kvinna vatten stad land bra snabbt \
         och i att det som en på är av för med den till inte har de om ett han men var jag sig från vi så kan när hon ut \
         man här eller vad vara mycket du nu också där efter sin sina sitt hade alla bara över mot genom mellan andra \
         mig dig oss er ni min din vår hans hennes deras dem denna detta dessa finns skulle ska kommer blir blev varit \
         några någon något aldrig alltid idag många väl under utan mer än",
    ),
    language(
        "da",
        "æøåé",
        "livet tid hus dag dage folk verden arbejde arbejder bror søster mand kvinde vand by land god hurtigt \
         og i at det er en til af på for med den de som ikke der har et han var jeg sig fra vi men kan så om eller hun nu \
         også efter sin sit sine hvad hvor når havde alle kun over mod mellem andre mig dig os jer min din vores hans \
         hendes deres dem denne dette disse findes skulle skal kommer bliver blev været nogle nogen noget aldrig altid i \
         dag mange meget under uden mere end ud op ned ind af selv bare godt hvis fordi",
    ),
    language(
        "no",
        "æøåé",
        "livet tid hus dag dager folk verden arbeid jobber bror søster mann kvinne vann by land god raskt \
         og i at det er en til av på for med den de som ikke der har et han var jeg seg fra vi men kan så om eller hun nå \
         også etter sin sitt sine hva hvor når hadde alle bare over mot mellom andre meg deg oss dere min din vår hans \
         hennes deres dem denne dette disse finnes skulle skal kommer blir ble vært været noen noe aldri alltid dag mange \
         mye veldig under uten mer enn ut opp ned inn selv godt hvis fordi ei",
    ),
    language(
        "cs",
        "áčďéěíňóřšťúůýž",
        "život čas dům den lidé svět práce pracuje bratr sestra muž žena voda město země dobrý hezké \
         a v na je se že to s z do o i ale jako za by pro po co ve si tak k od které který která byl byla bylo byli jsem \
         jsi jsou jsme jste není být když už jen aby nebo při až ještě tento tato toto této těchto jeho její jejich mě mi \
         tě ti já ty on ona my vy oni mám má mají můj moje náš velmi také kde kdy proč protože nic něco všechno každý \
         jeden dva dnes tady tam mezi během před pod nad bez ze",
    ),
    language(
        "hu",
        "áéíóöőúüű",
        "a az és egy is hogy nem van volt ez azt meg de ha csak már mint még minden el ki be le fel én te ő mi ti ők engem \
         téged neki nekem ezt ezek azok aki ami amely amelyek mert vagy itt ott most ma nagyon sok lehet kell lesz lenne \
         vannak voltak sem se után előtt között alatt mellett szerint úgy így akkor amikor ahol mindig soha jó nagy \
         saját egyik másik",
    ),
    language(
        "ro",
        "ăâîșțşţ",
        "viața timp casă zi zile oameni lume muncă lucrează frate soră bărbat femeie apă oraș țară bun bună \
         și şi de la în a o un pe cu să nu este sunt din că care mai pentru ce se au fi ca fost al ai ale dar sau după până \
         prin între foarte acest această acesta aceasta aceste acestea lui ei lor el ea noi voi eu tu mă te îmi își meu mea \
         său sa toate tot toți fiecare unde când cum dacă deci doar încă aici acolo astăzi azi era erau are am aveți avem \
         poate pot trebuie fără sub peste despre două doi mult mulți bine ceva nimic",
    ),
    language(
        "tr",
        "çğıöşüâ",
        "ve bir bu da de için ile çok ne o ama gibi daha var mı mi mu olarak olan en ben sen biz siz onlar kadar sonra her \
         şey ki değil ya veya ancak önce ise diye olduğu olduğunu oldu olur vardır yok hiç bana sana ona bunu şu bütün tüm \
         bugün şimdi burada orada neden nasıl nerede iyi büyük göre üzerinde arasında içinde hakkında çünkü eğer hem \
         benim senin onun bizim yani bazı birçok dir dır",
    ),
    language(
        "id",
        "é",
        "yang dan di ini itu dengan untuk dari pada dalam tidak adalah akan juga ke oleh saya kami kita mereka dia anda kamu \
         ada sudah bisa dapat telah karena atau sebagai lebih banyak semua orang satu dua tetapi namun jika saat ketika \
         sangat hanya masih seperti tentang antara setelah sebelum hari harus belum bukan apa siapa mana bagaimana \
         mengapa hingga para sebuah seorang secara tersebut bahwa maka agar sedang lagi pun nya",
    ),
    language(
        "ca",
        "àçèéíïòóúü·ŀ",
        "vida temps casa dia dies gent món treball treballa germà germana home dona aigua ciutat país bon bona \
         el la els les de del dels i a al als en un una uns unes que no és per amb es com més però o si ha hi ho tot tots \
         totes molt molts seu seva seus seves aquest aquesta aquests aquestes aquell aquella això allò quan on perquè \
         també són era eren he has han hem heu sóc ser estar està estan fer fa pot poden jo tu ell ella nosaltres vosaltres \
         ells meu meva cada avui aquí després abans sense sobre entre fins només encara sempre res què l d s n m va van",
    ),
    language(
        "hr",
        "čćđšž",
        "život vrijeme kuća dan ljudi svijet posao radi brat sestra žena voda grad zemlja dobar lijepo \
         i u je se na da za su od s iz a o kao koji koja koje ne ili to što nije sam si smo ste bi bio bila bilo bili po ali \
         do sa kad kada gdje jer već samo još ovaj ova ovo ove ovih taj ta te tako njegov njezin njihov moj tvoj naš ja ti \
         on ona oni mi vi me te ga joj im biti ima imaju može mogu vrlo jako sve svi svaki danas ovdje tamo među tijekom \
         prije poslije nakon bez kroz nešto ništa jedan dva",
    ),
    language(
        "sk",
        "áäčďéíĺľňóôŕšťúýž",
        "život čas dom deň ľudia svet práca pracuje brat sestra muž žena voda mesto krajina dobrý pekné \
         a v na je sa že to s z do o aj ale ako za by pre po čo vo si tak k od ktoré ktorý ktorá bol bola bolo boli som sme \
         ste sú nie byť keď už len aby alebo pri až ešte tento táto toto tejto týchto jeho jej ich ma mi ťa ti ja ty on ona \
         my vy oni mám má majú môj moje náš veľmi tiež kde kedy prečo pretože nič niečo všetko každý jeden dva dnes tu tam \
         medzi počas pred pod nad bez zo i",
    ),
    language(
        "lt",
        "ąčęėįšųūž",
        "ir yra į kad su tai iš ne bet kaip buvo į apie už ar jis ji jie jos aš tu mes jūs man tau mūsų jūsų savo šis ši šie \
         šios tas ta tie tos to kuris kuri kurie kurios labai tik dar jau nuo iki per po prie pagal arba nes jei kai kur \
         kas ko jo visi visos viskas gali turi bus būti nėra vienas viena du šiandien čia ten daug kiekvienas prieš tarp \
         be nieko kažkas visada",
    ),
    language(
        "lv",
        "āčēģīķļņšūž",
        "un ir ar no uz kas par ka tas tā to es tu viņš viņa mēs jūs viņi man tev mūsu jūsu savu šis šī šie šo bet vai kā \
         bija nav būs būt ļoti tikai vēl jau pēc pie līdz lai jo ja kad kur kāpēc visi visas viss var vajag viens viena \
         divi šodien šeit tur daudz katrs pirms starp bez nekas kaut vienmēr arī tiek tika gan nevis šajā",
    ),
    language(
        "et",
        "äõöüšž",
        "elu aeg maja päev inimesed maailm töö töötab vend õde mees naine vesi linn maa ilus \
         ja on ei see et oli ta ka kui mis oma aga kes olen oled oleme olid selle seda sellest need neid me te nad ma sa minu \
         sinu tema meie teie nende mida kus siis veel nüüd juba sest koos väga kõik olnud olla võib saab peab ning või \
         üks kaks palju täna siin seal alati enne pärast ilma umbes hea ainult nagu kuidas miks iga midagi",
    ),
];

pub(crate) const CYRILLIC: [Vocabulary; 3] = [
    language(
        "ru",
        "ыэёьъ",
        "жизнь время дом день дни люди мир работа работает брат сестра мужчина женщина вода город страна хорошая хороший \
         и в не на я быть он с что а по это она этот к но они мы весь который из у то за свой весь от так о для ты же все тот \
         мочь вы как был была было были есть его её ее их мне меня нет да уже или если только когда где очень чтобы потому \
         при до еще ещё нас вас им ему этого эта эти том под над без через между после перед здесь там сегодня всегда можно \
         нужно каждый один два много себя сейчас во со об",
    ),
    language(
        "uk",
        "іїєґь",
        "життя час дім день дні люди світ робота працює брат сестра чоловік жінка вода місто країна гарна гарний \
         і в не на я бути він з що а по це вона цей до але вони ми весь який яка яке які із у то за свій від так про для ти ж \
         все той могти ви як був була було були є його її їх мені мене ні та уже вже або якщо тільки коли де дуже щоб тому \
         при ще нас вас їм йому цього ця ці під над без через між після перед тут там сьогодні завжди можна треба кожен один \
         два багато себе зараз й зі бо чи",
    ),
    language(
        "bg",
        "ъ",
        "живот живота животът време времето дом къща ден дни хора хората свят света работа работи брат сестра мъж жена вода водата град страна хубаво добър \
         и на в се да не за от с е са че по като но това този тази тези той тя те ние вие аз ти съм си ще до из при или ако само \
         когато където много защото със във към след преди без между под над през има няма беше бяха бил била бъде може трябва \
         който която което които му й им го я ги ме ми те ни ви свой своя всички всеки един една едно два днес тук там винаги \
         нещо нищо също още вече как какво защо така най",
    ),
];

pub(crate) const ARABIC: [Vocabulary; 3] = [
    language(
        "ar",
        "ةىيكأإؤئ",
        "في من على إلى أن إن هذا هذه ذلك تلك التي الذي الذين كان كانت لا ما لم لن عن مع هو هي هم نحن أنا أنت و أو ثم بعد قبل كل بعض \
         بين حتى إذا قد لقد عند منذ غير أي كما لكن ليس كيف متى أين لماذا هناك هنا اليوم جدا فقط أيضا به له لها فيه فيها منه إنه التى",
    ),
    language(
        "fa",
        "پچژگکی",
        "است در از به که این را با برای آن می های ها و یک بود شد خود هم تا یا اگر ولی اما هر چه چرا کجا من تو او ما شما آنها ایشان \
         نیست هست باید شود کرد کرده شده دارد دارند داشت بر روی بین پس پیش بعد خیلی همه هیچ امروز اینجا آنجا وقتی چون باشد هستند \
         بودند کند کنند نمی بسیار نیز درباره",
    ),
    language(
        "ur",
        "پچژگکیٹڈڑںےہھۓئ",
        "ہے ہیں میں کے کی کا کو سے نے اور یہ وہ پر تھا تھی تھے نہیں ایک اس ان ہم آپ تم مجھے ہمیں کر کیا کیوں کہاں کب کون جو جب اگر لیکن \
         مگر تو بھی ہی ساتھ لیے بعد پہلے بہت سب کچھ ہر کوئی ہو گا گی گے رہا رہی رہے ہوتا ہوتی ہوتے سکتا سکتے بارے آج یہاں وہاں تک اپنے \
         اپنی اپنا یا کہ",
    ),
];

pub(crate) const DEVANAGARI: [Vocabulary; 3] = [
    language(
        "hi",
        "",
        "जीवन समय घर दिन लोग दुनिया काम भाई बहन पानी शहर देश अच्छा छोटा \
         है हैं का के की में से को और नहीं यह वह था थी थे हूँ हूं पर एक ने भी कि जो लिए गया गई गए कर हो मैं हम आप तुम क्या कौन कब कहाँ क्यों \
         कैसे जब अगर लेकिन तो ही साथ बाद पहले बहुत सब कुछ हर कोई होता होती होते रहा रही रहे सकता सकते सकती बारे आज यहाँ वहाँ तक अपने \
         अपनी अपना या इस उस इन उन ये वे मुझे हमें उनके इसके करना करते करता",
    ),
    language(
        "mr",
        "ळऱ",
        "जीवन वेळ घर दिवस लोक जग काम भाऊ बहीण पाणी शहर देश चांगला छान \
         आहे आहेत आणि नाही हा ही हे तो ती ते मी आम्ही आपण तू तुम्ही होते होता होती साठी या पण किंवा म्हणून काय कोण कधी कुठे का कसे जेव्हा जर \
         तर च सोबत नंतर आधी खूप सर्व काही प्रत्येक एक झाले झाला झाली करणे करते करतो असते असतो बद्दल आज येथे तेथे पर्यंत आपल्या आपले त्या \
         त्याने तिने त्यांनी मला आम्हाला मध्ये वर मराठी हवे नये माझे माझा माझी",
    ),
    language(
        "ne",
        "",
        "जीवन समय घर दिन मानिस संसार काम दाजु बहिनी पानी सहर देश राम्रो छोटो \
         छ छन् छन हो र मा ले लाई को यो त्यो म हामी तपाईं तिमी उनी उनले भएको भएका थियो थिए छैन होइन गर्न गर्छ गर्छन् गर्ने हुन्छ हुन पनि सबै धेरै \
         के को किन कहाँ कहिले कसरी जब यदि तर वा सँग पछि अघि अगाडि केही हरेक एक एउटा भने भन्ने लागि बारेमा आज यहाँ त्यहाँ सम्म आफ्नो हाम्रो \
         मेरो तिम्रो उसको नेपाली नेपाल बाट देखि जो जुन यी ती",
    ),
];
