import { attackerAddress, benignAddress } from './addresses.js'
import type { Period } from './generate-log.js'
import { fill } from './nginx-log.js'
import { API_PATHS, BROWSERS } from './nginx-words.js'
import { createTimeline } from './timeline.js'
import type { TruthBook } from './truth.js'

type City = { readonly country: string; readonly lat: number; readonly lon: number }

const CITIES: readonly City[] = [
  { country: 'DE', lat: 52.52, lon: 13.4 },
  { country: 'FR', lat: 48.86, lon: 2.35 },
  { country: 'US', lat: 40.71, lon: -74.01 },
  { country: 'US', lat: 37.77, lon: -122.42 },
  { country: 'JP', lat: 35.68, lon: 139.69 },
  { country: 'BR', lat: -23.55, lon: -46.63 },
  { country: 'AU', lat: -33.87, lon: 151.21 },
  { country: 'IN', lat: 19.08, lon: 72.88 },
  { country: 'GB', lat: 51.51, lon: -0.13 },
  { country: 'ZA', lat: -33.92, lon: 18.42 },
]

type AppEvent = { readonly type: string; readonly user: string; readonly ip: string; readonly ua: string } & City &
  Readonly<Record<string, string | number | boolean>>

const userName = (n: number): string => `u${String(n).padStart(5, '0')}`

/**
 * An application's own events as JSON lines: sign-ins and requests; then attackers of the classes `login_bf`,
 * `stuffing_one_ip`, `stuffing_distributed`, `impossible_travel` and `user_rate`.
 */
export const appLog = function* ({ lines, attack, from, to, random: r }: Period, truth: TruthBook): Generator<string, void, undefined> {
  const log = createTimeline<AppEvent>()
  const users = Array.from({ length: 8000 }, (_, i) => ({
    user: userName(i),
    ip: benignAddress(r),
    ua: r.pick(BROWSERS),
    city: r.pick(CITIES),
  }))
  const honest = lines - Math.floor(lines * attack)
  while (log.size() < honest) {
    const { user, ip, ua, city } = r.pick(users)
    let t = r.uniform(from, to)
    if (r.next() < 0.1) {
      log.add(t, { type: 'login_failed', user, ip, ua, ...city, reason: 'bad_password' })
      truth.typo(ip, 1)
      t += 8
    }
    log.add(t, { type: 'login_ok', user, ip, ua, ...city, mfa: r.next() < 0.4 })
    for (let requests = r.integer(3, 25); requests > 0; requests--) {
      t += r.exponential(6)
      log.add(t, { type: 'request', user, ip, ua, ...city, method: 'GET', path: fill(r, r.pick(API_PATHS)), status: 200 })
    }
  }
  log.trim(honest)

  while (log.size() < lines) {
    truth.begin()
    let [t, ip] = [r.uniform(from, to - 3600), attackerAddress(r)]
    const [ua, city, kind] = [r.pick(BROWSERS), r.pick(CITIES), r.next()]
    const hostile = (
      at: number,
      label: string,
      type: string,
      user: string,
      more: Record<string, string | number | boolean>,
      where = city,
    ): void => {
      if (log.size() >= lines) return
      log.add(at, { type, user, ip, ua, ...where, ...more })
      truth.hit(ip, label, at)
    }
    if (kind < 0.3) {
      const { user } = r.pick(users)
      for (let left = r.integer(10, 60); left > 0; left--) {
        t += r.uniform(0.2, 3)
        hostile(t, 'login_bf', 'login_failed', user, { reason: 'bad_password' })
      }
    } else if (kind < 0.5) {
      for (let left = r.integer(20, 200); left > 0; left--) {
        t += r.uniform(0.1, 1)
        hostile(t, 'stuffing_one_ip', 'login_failed', r.pick(users).user, { reason: 'bad_password' })
      }
    } else if (kind < 0.7) {
      for (let left = r.integer(40, 200); left > 0; left--) {
        ip = attackerAddress(r)
        t += r.uniform(0.2, 2)
        const reason = r.pick(['bad_password', 'no_such_user'])
        hostile(t, 'stuffing_distributed', 'login_failed', userName(r.integer(0, 20_000)), { reason })
      }
    } else if (kind < 0.85) {
      const victim = r.pick(users)
      const far = r.pick(CITIES.filter((other) => Math.abs(other.lon - victim.city.lon) > 60))
      log.add(t, { type: 'login_ok', user: victim.user, ip: victim.ip, ua: victim.ua, ...victim.city, mfa: false })
      hostile(t + r.uniform(60, 1500), 'impossible_travel', 'login_ok', victim.user, { mfa: false }, far)
    } else {
      const { user } = r.pick(users)
      for (let left = r.integer(130, 300); left > 0; left--) {
        t += r.uniform(0.05, 0.4)
        const request = { method: 'GET', path: `/api/v1/users/${r.integer(0, 99_999)}/orders`, status: 200 }
        hostile(t, 'user_rate', 'request', user, request)
      }
    }
  }
  for (const [at, event] of log.sorted()) yield JSON.stringify({ ts: new Date(Math.floor(at * 1000)).toISOString(), ...event })
}
