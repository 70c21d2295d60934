/** What somebody in the demo is up to; `honest` is everybody who must never be blocked. */
export type DemoLabel =
  | 'honest'
  | 'brute_force'
  | 'spraying'
  | 'tool'
  | 'sql_injection'
  | 'path_traversal'
  | 'sensitive_files'
  | 'forced_browsing'

/** One request of the demo. `at` is ms from its start; `visitor` names the cookie jar. */
export type DemoRequest = {
  readonly at: number
  readonly label: DemoLabel
  readonly visitor: string
  readonly address: string
  readonly agent: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly form?: Readonly<Record<string, string>>
}

/** Something that the demo says on the terminal when it begins. */
export type DemoScene = { readonly at: number; readonly text: string }

/** The people of the demo shop and their passwords. */
export const DEMO_USERS: Readonly<Record<string, string>> = {
  alice: 'morning-fog-harbour',
  bob: 'seven-quiet-lanterns',
  carol: 'paper-boats-in-june',
  dave: 'copper-kettle-choir',
  erin: 'a-field-of-windmills',
  frank: 'north-pier-at-dusk',
}

const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
] as const
const PAGES = ['/', '/products', '/products/12', '/products/31', '/about', '/basket', '/search?q=walking+boots'] as const
const SECRETS = [
  '/.env',
  '/.git/config',
  '/.aws/credentials',
  '/backup.sql',
  '/wp-config.php.bak',
  '/id_rsa',
  '/.htpasswd',
  '/docker-compose.yml',
  '/config.json',
  '/.svn/entries',
] as const
const INJECTIONS = [
  "/products?id=1'+OR+'1'='1",
  '/products?id=1+UNION+SELECT+NULL,NULL,version()--',
  '/products?id=1+AND+SLEEP(5)',
  '/search?q=%27%20OR%201%3D1--',
] as const
const TRAVERSALS = ['/download?file=../../../../etc/passwd', '/static/..%2f..%2f..%2fetc%2fpasswd', '/img/%2e%2e/%2e%2e/etc/hosts'] as const
const HIDDEN = [
  '/admin/',
  '/phpmyadmin/',
  '/manager/html',
  '/jenkins/',
  '/old/',
  '/console/',
  '/wp-login.php',
  '/xmlrpc.php',
  '/server-status',
  '/solr/admin/',
] as const

type Random = () => number
type Actor = Pick<DemoRequest, 'label' | 'visitor' | 'address' | 'agent'>

const pick = <T>(random: Random, list: readonly [T, ...T[]]): T => list[Math.floor(random() * list.length)] ?? list[0]

const signIn = (actor: Actor, at: number, username: string, password: string): DemoRequest => ({
  ...actor,
  at,
  method: 'POST',
  path: '/login',
  form: { username, password },
})
const get = (actor: Actor, at: number, path: string): DemoRequest => ({ ...actor, at, method: 'GET', path })

/** Visits of people: pages, sometimes a sign-in, one time in six with a typo first. */
const honestTraffic = (random: Random, lengthMs: number): DemoRequest[] => {
  const requests: DemoRequest[] = []
  const names = Object.keys(DEMO_USERS)
  for (let visit = 0; visit < lengthMs / 2_500; visit++) {
    const person = Math.floor(random() * names.length * 3)
    const name = names[person % names.length] ?? ''
    const actor: Actor = {
      label: 'honest',
      visitor: `person-${person}`,
      address: `100.64.${person}.${20 + person}`,
      agent: BROWSERS[person % BROWSERS.length] ?? BROWSERS[0],
    }
    let at = random() * lengthMs
    for (let view = 0; view < 3 + random() * 5; view++) requests.push(get(actor, (at += 300 + random() * 2_500), pick(random, PAGES)))
    if (random() < 0.35) {
      if (random() < 1 / 6) requests.push(signIn(actor, (at += 3_000), name, `${DEMO_USERS[name] ?? ''}r`))
      requests.push(signIn(actor, (at += 4_000), name, DEMO_USERS[name] ?? ''), get(actor, at + 400, '/account'))
    }
  }
  return requests
}

type Attack = { readonly scene: string; readonly requests: (start: number) => DemoRequest[] }

const series = (actor: Actor, start: number, gapMs: number, paths: readonly string[]): DemoRequest[] =>
  paths.map((path, i) => get(actor, start + i * gapMs, path))
const attacker = (label: DemoLabel, last: number, agent: string = BROWSERS[1]): Actor => ({
  label,
  visitor: `attacker-${last}`,
  address: `198.18.66.${last}`,
  agent,
})

const attacks = (random: Random): readonly Attack[] => [
  {
    scene: '198.18.66.11 guesses the password of alice',
    requests: (start) =>
      Array.from({ length: 24 }, (_, i) => signIn(attacker('brute_force', 11), start + i * 700, 'alice', `alice${1990 + i}`)),
  },
  {
    scene: '198.18.66.12 looks for secrets that somebody left in the web root',
    requests: (start) => series(attacker('sensitive_files', 12), start, 450, SECRETS),
  },
  {
    scene: '198.18.66.13 tries one common password on every account',
    requests: (start) =>
      [...Object.keys(DEMO_USERS), 'admin', 'root', 'test', 'info', 'office', 'shop'].map((name, i) =>
        signIn(attacker('spraying', 13), start + i * 900, name, 'Winter2026!'),
      ),
  },
  {
    scene: '198.18.66.14 probes the product page for SQL injection',
    requests: (start) =>
      series(
        attacker('sql_injection', 14),
        start,
        600,
        Array.from({ length: 16 }, (_, i) => `${pick(random, INJECTIONS)}&n=${i}`),
      ),
  },
  {
    scene: '198.18.66.15 tries to climb out of the web root',
    requests: (start) =>
      series(
        attacker('path_traversal', 15),
        start,
        600,
        Array.from({ length: 10 }, () => pick(random, TRAVERSALS)),
      ),
  },
  {
    scene: '198.18.66.16 runs a scanner that says its name',
    requests: (start) =>
      series(
        attacker('tool', 16, 'sqlmap/1.8.4#stable (https://sqlmap.org)'),
        start,
        250,
        Array.from({ length: 20 }, (_, i) => `/products?id=${i}`),
      ),
  },
  {
    scene: '2001:db8:bad:17::/64 hunts for hidden pages, from a new address each time',
    requests: (start) =>
      Array.from({ length: 40 }, (_, i) =>
        get(
          { ...attacker('forced_browsing', 17), address: `2001:db8:bad:17::${(i + 1).toString(16)}` },
          start + i * 200,
          `${HIDDEN[i % HIDDEN.length] ?? '/'}${i >= HIDDEN.length ? i : ''}`,
        ),
      ),
  },
]

/**
 * The traffic of the demo, in order of time: a fifth of it honest people alone, then seven attackers one after the other among them.
 * The same seed gives the same requests.
 */
export const demoTraffic = (
  random: Random,
  lengthMs: number,
): { readonly requests: readonly DemoRequest[]; readonly scenes: readonly DemoScene[] } => {
  const list = attacks(random)
  const quiet = lengthMs / 5
  const starts = list.map((_, i) => quiet + (i * (lengthMs - quiet)) / list.length)
  const requests = [...honestTraffic(random, lengthMs), ...list.flatMap((attack, i) => attack.requests(starts[i] ?? 0))]
  return {
    requests: requests.toSorted((a, b) => a.at - b.at),
    scenes: [{ at: 0, text: 'honest people come and go' }, ...list.map(({ scene }, i) => ({ at: starts[i] ?? 0, text: scene }))],
  }
}
