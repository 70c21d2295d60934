import type { SeededRandom } from '../seeded-random.js'
import { attackerAddress, benignAddress } from './addresses.js'
import type { Period } from './generate-log.js'
import {
  API_PATHS,
  BROWSERS,
  CRAWLERS,
  PAGES,
  PROBES,
  SCRIPT_INJECTIONS,
  SENSITIVE_FILES,
  SQL_INJECTIONS,
  STATIC_FILES,
  TOOLS,
  TRAVERSALS,
} from './nginx-words.js'
import { commonLogStamp } from './stamps.js'
import { createTimeline } from './timeline.js'
import type { TruthBook } from './truth.js'

/** Fills `{n}` and `{hex}` of a path with a number. */
export const fill = (r: SeededRandom, path: string): string =>
  path.includes('{')
    ? path.replace('{n}', String(r.integer(1, 99_999))).replace('{hex}', r.integer(1, 99_999).toString(16).padStart(8, '0'))
    : path

type Hit = { ip: string; method: string; path: string; status: number; size: number; referrer: string; agent: string }

/**
 * A shop's access log: visits with their files and calls, crawlers, some honest typos at the sign-in; then attackers of the
 * classes `bad_ua`, `probing`, `sensitive_files`, `path_traversal`, `sqli`, `xss`, `login_bf`, `cred_stuffing` and `rate_1000h`.
 */
export const nginxLog = function* (period: Period, truth: TruthBook): Generator<string, void, undefined> {
  const { lines, attack, from, to, random: r } = period
  const log = createTimeline<Hit>()
  const honest = lines - Math.floor(lines * attack)
  const clients = Array.from({ length: 20_000 }, () => ({ ip: benignAddress(r), agent: r.pick(BROWSERS) }))

  const crawl = (t: number): void => {
    const [{ ip }, agent, pages] = [r.pick(clients), r.pick(CRAWLERS), r.integer(1, 6)]
    for (let i = 0; i < pages; i++) {
      const path = fill(r, r.pick(PAGES))
      log.add(t + i * 20, { ip, method: 'GET', path, status: 200, size: r.integer(2000, 60_000), referrer: '-', agent })
    }
  }
  const visit = (start: number): void => {
    let t = start
    const { ip, agent } = r.pick(clients)
    let path = fill(r, r.pick(PAGES))
    for (let pages = r.integer(1, 5); pages > 0; pages--) {
      const status = r.next() < 0.008 ? 404 : r.next() < 0.01 ? 301 : 200
      const referrer = `https://shop.example${path}`
      log.add(t, { ip, method: 'GET', path, status, size: r.integer(2000, 60_000), referrer: 'https://shop.example/', agent })
      for (let files = r.integer(3, 14); files > 0; files--) {
        const file = { ip, method: 'GET', path: fill(r, r.pick(STATIC_FILES)), status: r.next() < 0.3 ? 304 : 200 }
        log.add(t + r.uniform(0.1, 1.5), { ...file, size: r.integer(300, 250_000), referrer, agent })
      }
      for (let calls = r.integer(0, 5); calls > 0; calls--) {
        const call = {
          ip,
          method: r.pick(['GET', 'GET', 'GET', 'POST']),
          path: fill(r, r.pick(API_PATHS)),
          status: r.next() > 0.004 ? 200 : 500,
        }
        log.add(t + r.uniform(0.5, 3), { ...call, size: r.integer(40, 6000), referrer, agent })
      }
      if (r.next() < 0.02) {
        const login = { ip, method: 'POST', path: '/login', referrer: 'https://shop.example/login', agent }
        if (r.next() < 0.2) {
          log.add(t + 4, { ...login, status: 401, size: 312 })
          truth.typo(ip, 1)
        }
        log.add(t + 12, { ...login, status: 302, size: 0 })
      }
      t += r.exponential(25)
      path = fill(r, r.pick(PAGES))
    }
  }
  while (log.size() < honest) {
    const t = r.uniform(from, to)
    if (r.next() < 0.03) crawl(t)
    else visit(t)
  }
  log.trim(honest)

  while (log.size() < lines) {
    truth.begin()
    let [t, ip] = [r.uniform(from, to - 3600), attackerAddress(r)]
    const kind = r.next()
    const browser = r.pick(BROWSERS)
    const hostile = (label: string, path: string, status: number, method = 'GET', agent = browser): void => {
      if (log.size() >= lines) return
      log.add(t, { ip, method, path, status, size: r.integer(100, 900), referrer: '-', agent })
      truth.hit(ip, label, t)
    }
    const repeat = (times: number, least: number, most: number, step: (round: number) => void): void => {
      for (let i = 0; i < times; i++) {
        t += r.uniform(least, most)
        step(i)
      }
    }
    const serial = (path: string): string => `${path}&z=${r.integer(0, 9999)}`
    if (kind < 0.3) {
      const tool = r.pick(TOOLS)
      repeat(r.integer(10, 200), 0.02, 0.6, () => hostile('bad_ua', r.pick(PROBES) + r.integer(0, 65_536).toString(16), 404, 'GET', tool))
    } else if (kind < 0.5) {
      const guesses = Array.from({ length: r.integer(5, 40) }, () => `/${r.integer(0, 1 << 24).toString(16)}.php`)
      const paths = [...r.sample(PROBES, PROBES.length), ...guesses]
      repeat(paths.length, 0.05, 1, (i) => hostile('probing', paths[i] ?? '/', 404))
    } else if (kind < 0.65) {
      const paths = r.sample(SENSITIVE_FILES, r.integer(8, SENSITIVE_FILES.length))
      repeat(paths.length, 0.1, 2, (i) => hostile('sensitive_files', paths[i] ?? '/', r.pick([404, 404, 403])))
    } else if (kind < 0.73) {
      repeat(r.integer(6, 25), 0.1, 2, () => hostile('path_traversal', r.pick(TRAVERSALS), r.pick([400, 404])))
    } else if (kind < 0.81) {
      repeat(r.integer(12, 60), 0.1, 1.5, () => hostile('sqli', serial(r.pick(SQL_INJECTIONS)), r.pick([200, 500, 403])))
    } else if (kind < 0.86) {
      repeat(r.integer(8, 30), 0.1, 1.5, () => hostile('xss', serial(r.pick(SCRIPT_INJECTIONS)), r.pick([200, 403])))
    } else if (kind < 0.93) {
      repeat(r.integer(10, 120), 0.3, 3, () => hostile('login_bf', '/login', 401, 'POST'))
    } else if (kind < 0.97) {
      repeat(r.integer(40, 200), 0.2, 2, () => {
        ip = attackerAddress(r)
        hostile('cred_stuffing', '/login', 401, 'POST')
      })
    } else {
      repeat(r.integer(1100, 1500), 0.2, 2.4, (i) => hostile('rate_1000h', `/products/${i}`, 200))
    }
  }
  for (const [at, { ip, method, path, status, size, referrer, agent }] of log.sorted())
    yield `${ip} - - [${commonLogStamp(at)}] "${method} ${path} HTTP/1.1" ${status} ${size} "${referrer}" "${agent}"`
}
