/**
 * What guessing tools try first. Written down from what is publicly known of leaked lists, not copied from one, and without counts: whole
 * passwords that no rule makes, and words from which people make the rest. `blocklist.ts` multiplies the words by the usual endings.
 */

/** Whole passwords of eight characters and more, in lower case. */
export const WHOLE_PASSWORDS: string = `
12345678 123456789 1234567890 0123456789 0987654321 987654321 87654321 11223344 1122334455 112233445566 123123123 123321123 12341234
12344321 1234554321 123454321 12345679 123456780 12345687 12345677 123456987 1234567891 12345678910 123456789a 123456789q 123456abc
123456qwe 123456aa 12345qwert 1234qwer 123qweasd 123qweasdzxc 123qwe123 123abc123 123asd123 147258369 147852369 159753456 159357456
159357258 147896325 741852963 789456123 789456321 963852741 321654987 456789123 654321654 654123987 753951456 951753852 963258741
31415926 314159265 27182818 14159265 13131313 13579246 135792468 1357924680 24681357 246813579 11112222 22223333 11111112 10101010
10203040 1020304050 102030405060 12121212 20202020 21212121 23232323 45454545 56565656 69696969 78787878 98989898 99998888 01010101
01020304 01234567 00000001 00112233 00123456 88888887 55667788 66778899 44556677 33445566 22334455 19191919 911911911 420420420
1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw2 1qaz1qaz 1qaz@wsx 1qaz!qaz 2wsx3edc
2wsx1qaz 3edc4rfv zaq12wsx zaq1zaq1 zaq1xsw2 zaq!2wsx zaqxswcde xsw21qaz xsw2zaq1 qazwsxedc qazwsx123 qazxsw123 qazqazqaz qaz123wsx
wsxedcrfv edcrfvtgb q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qwe123qwe qwe123asd qweasdzxc qweasd123 qweqweqwe qwert123 qwert12345 qwerty12
qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyui qwertyuiop qwertyuiop123 qwertyqwerty qwerty00 qwerty01 qwerty11 qwerty21 qwerty66
qwerty77 qwerty99 qwerty!@ qwertzui qwertzuiop azertyui azertyuiop azerty123 asdfghjk asdfghjkl asdfghjkl123 asdfasdf asdf1234 asdfqwer
asdfjkl; asdfzxcv asdasdasd asd123asd asd123456 asdqwe123 zxcvbnm1 zxcvbnm123 zxcvbnm, zxcvasdf zxcasdqwe zxczxczxc poiuytrewq lkjhgfdsa
mnbvcxz1 mnbvcxza poiuytre 1234rewq rewq4321 !qaz2wsx !qaz1qaz !qaz@wsx !qazxsw2 !q2w3e4r !@#$%^&* !@#$%^&*() !@#$1234 1234!@#$ 123!@#qwe
abc12345 abc123456 abc123abc abc123def abcd1234 abcd12345 abcd123456 abcabc123 abcdabcd abcdef12 abcdef123 abcdefgh abcdefghi abcdefghij
abcde12345 abcde123 abcdefg1 abcdefg123 1234abcd 12345abc 12345abcde a1234567 a12345678 a123456789 a1b2c3d4 a1b2c3d4e5 a1s2d3f4 a1s2d3f4g5
aa123456 aa12345678 aaa11111 aaaa1111 aaaa1234 aabbccdd as123456 asd12345 qq123456 qwer1234 qwer4321 qwaszx12 qwaszx123 w1234567 z1x2c3v4
z1x2c3v4b5 zxc12345 zz123456 q1234567 q12345678 p1234567 s1234567 m1234567 x1234567 xx123456 1a2b3c4d 1a2s3d4f 1234567a 1234567q 12345678a
12345678q 12345qwe 12345678901 11111111a a11111111 1111111a 1qw23er4 1qwerty1 1password 2password 123password p4ssw0rd pa55w0rd pa55word
passw0rd passw0rd1 passw0rd123 p@55w0rd p@ssw0rd p@ssw0rd1 p@ssw0rd123 p@ssword p@ssword1 pa$$w0rd pa$$word pa$$w0rd1 pass1234 pass12345
pass123456 pass@123 pass@1234 pass@word1 password!@# passwort passwort1 passpass motdepasse contrasena contraseña wachtwoord senha123
senha1234 parola123 parola12 haslo123 heslo123 jelszo123 lozinka123 salasana kennwort geheim123 mudar123 trocar123 zaq12345 trustno1 iloveyou
iloveyou1 iloveyou2 iloveyou3 iloveu2 iloveme1 iloveme2 ilovegod iloveyou! iloveyou12 iloveyou123 iloveyouu ilovehim ilovemom ilovemum ilovejesus
iloveyoubaby loveyou1 loveyou2 lovelove loveme123 luvmyself teamo123 tequiero teamomucho tiamo123 teiubesc jetaime1 jtmjtmjtm mylove123
mahalkita mahalko123 sayangku bismillah bismillah1 alhamdulillah allahuakbar inshallah jesus123 jesus777 jesuschrist ilovejesus1 godisgood
godislove godbless thankyou thankyou1 lovebug1 lovers123 fuckyou1 fuckyou2 fuckyou! fuckyou123 fuckoff1 fuckme69 fucker123 fuckthis asshole1
bullshit bullshit1 bitch123 bigdick1 bigboobs bigtits1 blowjob1 pussy123 pussy69 sexsexsex sexy1234 suckmydick ass4sale 4rfv5tgb 5tgb6yhn
admin123 admin1234 admin12345 admin123456 admin@123 admin@1234 adminadmin admin2020 administrator administrator1 administrador
root1234 root12345 rootroot toor1234 test1234 test12345 test123456 testtest testing1 testing123 test@123 tester12 guest123 guest1234 user1234
user12345 demo1234 demo12345 temp1234 temp12345 temporary changeme changeme1 changeme123 changeit letmein1 letmein12 letmein123 letmein!
letmein2 letmeinnow welcome1 welcome12 welcome123 welcome1234 welcome@123 welcome! welcome01 welcome2 default1 default123 secret12 secret123
secret1234 topsecret private1 security security1 access14 access123 system12 manager1 manager123 master12 master123 master1234 superuser
superadmin sysadmin1 webadmin webmaster operator operator1 oracle123 mysql123 postgres postgres123 sqlserver cisco123 ubuntu123 debian123
raspberry vagrant123 docker123 kubernetes jenkins123 gitlab123 minecraft minecraft1 minecraft123 fortnite fortnite1 fortnite123 roblox123
pokemon1 pokemon12 pokemon123 pikachu1 charizard runescape runescape1 counterstrike warcraft warcraft1 worldofwarcraft starcraft starcraft1
playstation playstation1 playstation2 nintendo nintendo1 nintendo64 xbox3600 xbox360xbox gamecube leagueoflegends overwatch valorant1
starwars starwars1 starwars123 startrek startrek1 skywalker skywalker1 darthvader lukeskywalker millennium chewbacca stormtrooper enterprise
jamesbond jamesbond007 bond0007 matrix123 thematrix hogwarts harrypotter harrypotter1 hermione voldemort dumbledore gryffindor
slytherin gandalf1 legolas1 aragorn1 lordoftherings spiderman spiderman1 superman1 superman12 superman123 batman123 batman12 ironman1
wolverine deadpool1 captainamerica avengers1 transformers spongebob spongebob1 scoobydoo scooby12 mickeymouse minniemouse donaldduck
winniethepooh tinkerbell tinkerbell1 hellokitty hellokitty1 tweety12 bugsbunny garfield garfield1 simpsons homersimpson bartsimpson
southpark metallica metallica1 ironmaiden slipknot slipknot1 nirvana1 pinkfloyd ledzeppelin blackmetal greenday greenday1 linkinpark
linkinpark1 eminem123 onedirection onedirection1 justinbieber michaeljackson britney1 marilyn1 mychemicalromance blink182 blink1822
rockstar rockstar1 rocknroll rock4ever punkrock guitar123 drummer1 music123 musica123 ilovemusic
football football1 football12 football123 footbal1 baseball baseball1 baseball12 baseball123 basketball basketball1 basketbal1 softball softball1
volleyball hockey123 soccer12 soccer123 soccer10 lacrosse cheerleader cheer123 gymnastics swimming swimmer1 wrestling skateboard skater12
snowboard snowboard1 motocross arsenal1 arsenal123 chelsea1 chelsea123 chelseafc liverpool liverpool1 liverpool123 manchester manchester1
manutd123 mancity1 everton1 rangers1 celtic123 celtic1888 barcelona barcelona1 realmadrid realmadrid1 juventus juventus1 acmilan1 bayern123
borussia dortmund galatasaray fenerbahce besiktas corinthians flamengo palmeiras riverplate bocajuniors yankees1 yankees2 redsox04 dodgers1
cowboys1 steelers steelers1 packers1 patriots patriots1 eagles12 raiders1 broncos1 dolphins lakers24 lakers123 celtics1 bulls123 jordan23
jordan123 kobe2424 lebron23 ronaldo7 ronaldo1 cristiano messi123 neymar123 beckham7 zidane10 maradona michaeljordan nascar24 nascar88
ferrari1 mercedes mercedes1 porsche1 porsche911 corvette corvette1 mustang1 camaro69 camaro123 chevrolet chevelle harleydavidson yamaha12
kawasaki kawasaki1 suzuki123 toyota123 hondacivic honda123 subaru123 mitsubishi lamborghini bmw12345 volkswagen cadillac dodgeram
whatever whatever1 whatever12 nothing1 something something1 anything everything blahblah blahblah1 hahahaha hahaha123 lollol123 lollipop
lollipop1 nevermind forgetit forgotten iforgot1 idontknow idontcare dontknow noidea123 password0 passwordd passwords mypassword mypassword1
thepassword yourpassword nopassword newpassword oldpassword passcode password00 password01 password99 passwordpassword openopen opensesame
sesame123 computer computer1 computer12 computer123 internet internet1 internet123 laptop123 desktop1 windows1 windows10 windows7 windowsxp
microsoft microsoft1 google123 facebook facebook1 facebook123 instagram youtube1 youtube123 twitter1 whatsapp linkedin linkedin1 myspace1
myspace123 hotmail1 hotmail123 gmail123 yahoo123 iphone12 iphone123 samsung1 samsung123 samsung12 nokia123 motorola blackberry
android1 playboy1 playgirl marlboro marlboro1 budweiser heineken jackdaniels guinness1 cocacola cocacola1 pepsicola cheesecake chocolate
chocolate1 chocolate2 strawberry strawberry1 blueberry raspberry1 watermelon pineapple pineapple1 blackcat blackdog blackjack blackbird
butterfly butterfly1 butterfly2 butterfly3 dragonfly dragonball dragonball1 dragonballz dragon12 dragon123 dragon69 dragons1 unicorn1 unicorns
rainbow1 rainbow7 rainbow123 sunflower sunflower1 sunshine sunshine1 sunshine2 sunshine12 sunshine123 moonlight moonlight1 starlight stardust
superstar superstar1 popstar1 princess princess1 princess2 princess12 princess123 princesa princesa1 prinzessin principessa baby1234 babygirl
babygirl1 babygirl12 babyboy1 babydoll babyblue babyface babylove beautiful beautiful1 gorgeous gorgeous1 precious precious1 sweetheart
sweetheart1 sweetie1 sweetpea sweetness sweet123 cutiepie cutiepie1 hottie12 hottie123 hotstuff sexygirl sexybitch sexylady sexymama
playboy123 badboy123 badgirl1 bigdaddy bigdaddy1 bigboy12 daddysgirl daddygirl mommy123 mother123 father123 brother1 sister12 family123
familia1 friends1 friends2 friends123 friendship bestfriend bestfriends bffbff123 forever1 forever21 forever123 together iloveyou4ever
always123 myspace2 nobody12 fuckyou12 killer12 killer123 killers1 zombie123 vampire1 twilight twilight1 edward123 jasper123 hannah123
hannahmontana jonasbrothers jonas123 spring12 summer12 summer123 winter12 winter123 autumn12 december december1 november october1 september
september1 february january1 march123 april123 august12 monday123 friday13 sunday123 christmas christmas1 halloween halloween1 birthday
birthday1 valentine newyear1 peaches1 pumpkin1 pumpkin123 snickers snickers1 skittles butterscotch peanut123 cookie123 cupcake1 brownie1
popcorn1 cheese123 banana123 apple123 orange123 lemon123 cherry123 pepper123 ginger123 buster12 buster123 shadow12 shadow123 shadow01
tigger12 tigger123 tiger123 tigers12 lion1234 monkey12 monkey123 monkey13 monkeys1 chicken1 chicken123 elephant elephant1 dolphin1 dolphin123
bulldog1 bulldogs rottweiler labrador doberman puppylove puppy123 kitten12 kittycat kitty123 pussycat mittens1 snowball snowball1 snoopy12
snoopy123 rosebud1 flower12 flower123 flowers1 garden123 jasmine1 jasmine123 lavender angel123 angels12 angelbaby heavenly midnight midnight1
maverick maverick1 mountain mountain1 mustang12 phoenix1 thunder1 thunderbird lightning lightning1 hurricane tornado1 firebird fireball
firefly1 firefighter fireman1 paramedic policeman soldier1 military marines1 semperfi airborne airforce navyseal warrior1 warriors gladiator
spartan1 spartan117 spartans titanium platinum platinum1 diamond1 diamonds crystal1 silver12 golden12 goldfish goldberg undertaker johncena
johncena1 wrestlemania batista1 stonecold stonecold1 rebelde1 scorpion scorpion1 scorpio1 sagittarius aquarius capricorn virgo123 libra123
gemini12 leo12345 taurus12 pisces12 cancer12 aries123 blessed1 blessing blessings faith123 hope1234 peace123 freedom1 freedom123 victory1
winner12 winner123 success1 success123 lucky123 lucky777 lucky777777 money123 moneymoney cashmoney cash1234 business millionaire bitcoin1 bitcoin123
crypto123 ethereum dogecoin covid19! covid2020 corona123 lockdown1 quarantine pandemic1 abcd@1234 abc@1234 abc@123 india123 india@123
pakistan pakistan1 pakistan123 bangladesh indonesia indonesia1 philippines malaysia singapore singapore1 vietnam1 thailand australia
australia1 england1 ireland1 scotland germany1 deutschland schalke04 hallo123 hallohallo schatz12 schatz123 schatzi1 sommer123 winter2020
france98 bonjour1 chouchou doudou123 loulou123 soleil123 marseille marseille1 camille1 nicolas1 alexandre italia123 forzamilan forzajuve
amoremio amoretti ciaociao napoli1926 espana12 hola1234 holahola mexico123 america1 americas chivas123 colombia argentina argentina1
venezuela brasil123 brasil12 saopaulo portugal portugal1 benfica1 polska123 polska12 kocham123 kochamcie misiek123 rossiya1 natasha1
privet123 lubov123 ljubov123 nastya123 marina12 samsung2 ukraine1 turkiye1 istanbul istanbul1 ankara06 fener1907 kartal1903 galata1905 seviyorum
canada123 toronto1 montreal newyork1 newyork123 california california1 florida1 houston1 texas123 dallas22 chicago1 boston123 atlanta1 losangeles
sandiego sanfrancisco lasvegas hollywood hollywood1 washington washington1 brooklyn brooklyn1 harlem12 ny123456 usa12345 america123 patriot1
`

/** Words from which passwords are made, in lower case: names, animals, things, places, works, firms. */
export const PASSWORD_WORDS: string = `
password passwort pass login admin administrator root user guest test demo temp welcome hello letmein master secret private access system server
security manager office company work school college student teacher doctor nurse lawyer police banker support service helpdesk backup database
network router switch printer scanner account member customer client default changeme trustno qwerty azerty qwertz asdf asdfgh zxcvbn zxcvbnm
qazwsx iloveyou loveyou love lover lovely forever always never whatever nothing something summer winter spring autumn fall january february march
april june july august september october november december monday tuesday wednesday thursday friday saturday sunday christmas easter birthday
holiday weekend morning midnight sunshine sunrise sunset rainbow thunder lightning storm snow rain cloud river ocean mountain island beach forest
garden flower rose lily daisy jasmine violet iris orchid tulip sunflower cherry apple orange banana lemon mango peach melon strawberry blueberry
pineapple coconut chocolate cookie candy sugar honey butter cheese bacon burger pizza pasta chicken coffee tea beer vodka whiskey tequila wine
water dragon tiger lion eagle falcon hawk phoenix wolf bear panther cougar jaguar leopard cheetah monkey gorilla elephant horse pony zebra giraffe
dolphin whale shark turtle snake cobra viper spider scorpion butterfly bumblebee rabbit bunny kitten kitty puppy doggy bulldog poodle hunter
shadow ghost zombie vampire angel devil demon heaven hell jesus christ god allah buddha prophet church faith hope grace peace freedom justice
liberty victory winner champion legend hero soldier warrior fighter killer ninja samurai pirate knight king queen prince princess duke baron
wizard magic witch merlin gandalf frodo superman batman spiderman ironman hulk thor wolverine deadpool joker matrix neo trinity morpheus starwars
yoda vader jedi skywalker startrek spock picard pokemon pikachu mario luigi sonic zelda minecraft fortnite roblox halo warcraft diablo gamer
player game xbox playstation nintendo football baseball basketball soccer hockey tennis golf rugby cricket volleyball boxing racing skater surfer
runner swimmer dancer singer drummer guitar piano music rocker metal rocknroll techno disco hiphop rapper arsenal chelsea liverpool manchester
united everton tottenham celtic rangers barcelona madrid juventus milan inter bayern dortmund ajax yankees redsox dodgers cubs giants cowboys
steelers packers patriots eagles raiders broncos bears lakers celtics bulls warriors jordan kobe lebron ronaldo messi neymar beckham mercedes ferrari
porsche mustang corvette camaro harley yamaha honda toyota nissan subaru audi volvo tesla lexus jeep truck diesel turbo computer internet
laptop windows linux ubuntu apple google facebook instagram twitter youtube amazon netflix microsoft samsung iphone android nokia sony intel
oracle cisco java python docker github bitcoin crypto money cash dollar silver golden diamond crystal pearl ruby emerald sapphire platinum
america canada mexico brazil brasil england london paris france germany berlin italy italia roma spain espana portugal russia moscow ukraine
poland polska turkey istanbul china japan tokyo korea india pakistan indonesia australia sydney africa nigeria kenya egypt israel texas
florida california chicago boston newyork brooklyn dallas houston phoenix denver seattle atlanta vegas miami hollywood michael matthew daniel
david james robert john joseph andrew ryan brandon jason justin sarah william jonathan stephanie brian nicole nicholas anthony heather eric
elizabeth adam megan melissa kevin steven thomas timothy christina kyle rachel laura lauren amber brittany danielle richard kimberly jeffrey
amy crystal michelle tiffany jeremy benjamin mark emily aaron charles rebecca jacob stephen patrick sean erin jamie kelly samantha nathan sara
dustin paul angela tyler scott katherine andrea gregory erica mary travis lisa kenneth bryan lindsey kristen jose alexander jesse katie lindsay
shannon vanessa courtney christine alicia cody allison bradley samuel natalie victoria olivia sophia emma isabella charlotte amelia hannah grace
chloe zoe madison abigail ashley jessica jennifer amanda sandra patricia barbara susan karen nancy betty helen donna carol ruth sharon maria
anna elena natasha olga irina svetlana tatiana marina sergey dmitry ivan alexey vladimir igor boris pavel andrey nikita maxim denis roman carlos
juan jorge luis miguel pedro diego pablo antonio fernando ricardo eduardo alejandro francisco manuel javier rafael gabriel daniela valentina
camila lucia carmen rosa gloria teresa isabel paula andreea cristian florin mihai stefan alexandru gheorghe ahmed mohamed muhammad mohammed ali
omar hassan hussein ibrahim yusuf mustafa mehmet fatih emre fatma ayse zeynep aisha fatima maryam khadija raj kumar rahul amit priya pooja
anjali deepak sanjay vijay ganesh krishna shiva lakshmi nguyen wang zhang chen liu singh khan patel garcia martinez rodriguez hernandez lopez
gonzalez perez sanchez ramirez smith johnson williams brown jones miller davis wilson anderson taylor moore jackson thompson white harris clark
lewis walker hall young allen wright hill green baker nelson carter mitchell campbell parker evans edwards collins stewart morris murphy cooper
bailey howard ward peterson gray watson brooks sanders price bennett wood barnes ross henderson coleman jenkins perry powell long patterson hughes
max buddy charlie bella lucy molly maggie bailey rocky jake jack sadie toby cody buster duke cooper riley bear harley tucker murphy lucky oliver
sam oscar teddy winston sophie zoey lola princess ginger pepper cookie coco oreo simba nala tigger smokey misty patches felix garfield snoopy
scooby mickey minnie donald goofy bambi dumbo nemo dory shrek barbie hello kitty tweety bubbles snowball peanut pumpkin muffin cupcake sweetie
honey baby babe babygirl babyboy darling sweetheart sugar angelina precious beautiful sexy hottie cutie pretty gorgeous handsome smile happy
lucky crazy funny silly stupid loser idiot bitch asshole fuck fucker fuckyou shit bullshit pussy cock dick sex porn playboy mother father
mommy daddy mama papa sister brother family friend friends bestfriend cousin grandma grandpa chance dream dreamer star superstar moon mars
venus saturn jupiter pluto galaxy universe planet rocket apollo discovery enterprise challenger voyager explorer pioneer ranger maverick iceman
goose bandit outlaw cowboy rebel gangster hustler boss bigboss captain major general colonel sergeant marine navy army airforce bravo delta alpha
omega sigma gamma zulu tango foxtrot echo black white red blue green yellow purple pink orange brown gray scarlet crimson indigo magenta
christian veronica alejandra cristina valentin claudia dominic dominique frederick gabriela guillermo harrison jeanette jeremiah kathleen katrina
lawrence leonardo lorraine madeline marcella margaret marianne marissa maureen mauricio maximus mckenzie mohammad nathaniel penelope raymond rosemary
santiago savannah scarlett sebastian solomon theodore theresa valerie vincent virginia zachary bernard beatrice bridget caroline catherine cassandra
cheyenne clarissa claire clifford constance cordelia cynthia deborah desiree dolores dorothy edgar edwin eleanor emmanuel ernest esteban eugene
felicity florence franklin frances fredrik genesis genevieve georgia gerald gilbert giovanni gregor gustavo gwendolyn harold harrison henrietta
herbert humberto ignacio ingrid isabelle jacqueline janice jasper jeannette joanna jocelyn johanna joshua josephine juliana juliette justine
karina kathryn kimberley kirsten kristina lambert leonard lillian lorenzo lucinda ludwig lysander magdalena manfred marcus mariana martha martin
mathias matilda maxwell melanie mercury meredith michaela mikhail miranda mireille monica monique morgan nadine natasha nathalie octavia ophelia
orlando pamela pauline philip philippe phillip phyllis priscilla quentin rafaela ramona randall randolph raphael regina reginald roberta roberto
rodrigo roland rosalind roxanne rudolf russell sabrina salvador salvatore sergio shirley sigmund silvia simone sofia sonia stanley stefania
stewart sylvester sylvia tabitha tamara thaddeus tobias ulrich ursula vernon vivian viviana wallace walter wendell wesley wilfred wilhelm yolanda
yvonne one two three four five six seven eight nine ten hundred thousand million billion parapet
`
