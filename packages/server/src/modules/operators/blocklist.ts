/**
 * The passwords that guessing tools try first, in lower case: the hundred most used, then those of at least eight characters
 * that are built from keyboards, seasons, and the words of an administrator.
 */
export const MOST_USED_PASSWORDS: ReadonlySet<string> = new Set(
  `123456 password 12345678 qwerty 123456789 12345 1234 111111 1234567 dragon 123123 baseball abc123 football monkey letmein
  shadow master 696969 mustang 666666 qwertyuiop 123321 1234567890 pussy superman 654321 1qaz2wsx 7777777 121212 0 qazwsx
  123qwe killer trustno1 jordan jennifer zxcvbnm asdfgh hunter buster soccer harley batman andrew tigger sunshine iloveyou 2000
  charlie robert thomas hockey ranger daniel starwars klaster 112233 george computer michelle jessica pepper 1111 zxcvbn 555555
  11111111 131313 freedom 777777 pass maggie 159753 aaaaaa ginger princess joshua cheese amanda summer love ashley nicole chelsea
  biteme matthew access yankees 987654321 dallas austin thunder taylor matrix mobilemail mom monitor monitoring montana moon moscow
  password1 password12 password123 password1234 passw0rd p@ssw0rd p@ssword pa$$word admin123 admin1234 administrator adminadmin
  changeme changeme1 changeme123 welcome1 welcome123 letmein1 letmein123 qwerty123 qwerty1234 qwertyui qwerty12345 1q2w3e4r 1q2w3e4r5t
  q1w2e3r4 q1w2e3r4t5 zaq12wsx 1qazxsw2 qazwsxedc asdfghjk asdfghjkl asdf1234 zxcvbnm1 abcd1234 abc12345 a1b2c3d4 aa123456 12341234
  12344321 87654321 88888888 00000000 99999999 66666666 55555555 22222222 123123123 111222333 147258369 123654789 789456123 0123456789
  iloveyou1 sunshine1 princess1 football1 baseball1 superman1 spring2024 summer2024 autumn2024 winter2024 spring2025 summer2025
  autumn2025 winter2025 spring2026 summer2026 autumn2026 winter2026 parapet1 parapet123 security security1 operator operator1 console1
  default1 temp1234 test1234 testtest guest123 root1234 toor1234 server123 internet whatever trustno1! password! password1! qwerty1!`
    .split(/\s+/)
    .filter((word) => word !== ''),
)
