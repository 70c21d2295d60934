import { attackerAddress, benignAddress } from './addresses.js'
import type { Period } from './generate-log.js'
import { syslogStamp } from './stamps.js'
import { createTimeline } from './timeline.js'
import type { TruthBook } from './truth.js'

const HOST = 'web01'
const NAMES =
  'root admin test ubuntu user oracle postgres git ftp ftpuser guest pi deploy jenkins nagios hadoop mysql tomcat www-data centos debian ec2-user support backup dev steam minecraft teamspeak odoo ansible zabbix elastic docker gitlab sonar nexus vagrant es kafka spark nginx web app api sysadmin'.split(
    ' ',
  )
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/**
 * A host's auth.log: key and password sessions, cron, sudo, some honest typos; then attackers of the classes `ssh_bf`,
 * `ssh_enum`, `ssh_slow_bf`, `ssh_distributed` and `ssh_scan`.
 */
export const sshLog = function* ({ lines, attack, from, to, random: r }: Period, truth: TruthBook): Generator<string, void, undefined> {
  const log = createTimeline<string>()
  const users = [...Array.from({ length: 180 }, (_, i) => `user${String(i).padStart(3, '0')}`), 'alice', 'bob', 'carol', 'deploy', 'ci']
  const people = users.map((name, i) => ({
    name,
    uid: 1000 + i,
    homes: Array.from({ length: r.integer(1, 4) }, () => benignAddress(r)),
    key: Array.from({ length: 43 }, () => BASE64[r.integer(0, 64)]).join(''),
  }))
  const pidOf = (): number => r.integer(600, 4_000_000)
  const portOf = (): number => r.integer(1024, 65_535)
  const sshd = (pid: number, text: string): string => `${HOST} sshd[${pid}]: ${text}`
  const opened = (pid: number, person: (typeof people)[number]): string =>
    sshd(pid, `pam_unix(sshd:session): session opened for user ${person.name}(uid=${person.uid}) by (uid=0)`)

  const keySession = (t: number): void => {
    const [person, pid, port] = [r.pick(people), pidOf(), portOf()]
    const ip = r.pick(person.homes)
    const end = t + r.exponential(900)
    log.add(t, sshd(pid, `Accepted publickey for ${person.name} from ${ip} port ${port} ssh2: ED25519 SHA256:${person.key}`))
    log.add(t, opened(pid, person))
    log.add(t, `${HOST} systemd-logind[612]: New session ${r.integer(1, 99_999)} of user ${person.name}.`)
    log.add(end, sshd(pid + 7, `Received disconnect from ${ip} port ${port}:11: disconnected by user`))
    log.add(end, sshd(pid + 7, `Disconnected from user ${person.name} ${ip} port ${port}`))
    log.add(end, sshd(pid, `pam_unix(sshd:session): session closed for user ${person.name}`))
  }
  const passwordSession = (start: number): void => {
    let t = start
    const [person, pid, port] = [r.pick(people), pidOf(), portOf()]
    const ip = r.pick(person.homes)
    if (r.next() < 0.25) {
      const typos = r.pick([1, 1, 1, 2])
      truth.typo(ip, typos)
      for (let i = 0; i < typos; i++, t += 6) log.add(t, sshd(pid, `Failed password for ${person.name} from ${ip} port ${port} ssh2`))
    }
    log.add(t + 3, sshd(pid, `Accepted password for ${person.name} from ${ip} port ${port} ssh2`))
    log.add(t + 3, opened(pid, person))
  }
  const cron = (t: number): void => {
    const [user, pid] = [r.pick(['root', 'www-data', 'backup']), pidOf()]
    log.add(t, `${HOST} CRON[${pid}]: pam_unix(cron:session): session opened for user ${user}(uid=0) by (uid=0)`)
    log.add(t + 1, `${HOST} CRON[${pid}]: pam_unix(cron:session): session closed for user ${user}`)
  }
  const sudo = (t: number): void => {
    const { name } = r.pick(people)
    const command = `/usr/bin/systemctl ${r.pick(['restart', 'status', 'reload'])} app${r.integer(0, 20)}`
    log.add(t, `${HOST} sudo:     ${name} : TTY=pts/${r.integer(0, 9)} ; PWD=/home/${name} ; USER=root ; COMMAND=${command}`)
    log.add(t, `${HOST} sudo: pam_unix(sudo:session): session opened for user root(uid=0) by ${name}(uid=1000)`)
    log.add(t + 2, `${HOST} sudo: pam_unix(sudo:session): session closed for user root`)
  }
  const noise = (): string =>
    r.pick([
      () => `${HOST} systemd[1]: Started Session c${r.integer(0, 9999)} of user root.`,
      () => `${HOST} dbus-daemon[401]: [system] Successfully activated service 'org.freedesktop.hostname1'`,
      () => sshd(pidOf(), `Connection closed by ${benignAddress(r)} port ${portOf()}`),
    ])()

  const honest = lines - Math.floor(lines * attack)
  while (log.size() < honest) {
    const [t, kind] = [r.uniform(from, to), r.next()]
    if (kind < 0.45) keySession(t)
    else if (kind < 0.52) passwordSession(t)
    else if (kind < 0.8) cron(t)
    else if (kind < 0.93) sudo(t)
    else log.add(t, noise())
  }
  log.trim(honest)

  while (log.size() < lines) {
    truth.begin()
    let [t, ip] = [r.uniform(from, to - 3600), attackerAddress(r)]
    const kind = r.next()
    const hostile = (at: number, label: string, text: string, pid = pidOf()): void => {
      if (log.size() >= lines) return
      log.add(at, sshd(pid, text))
      truth.hit(ip, label, at)
    }
    if (kind < 0.5) {
      for (let left = r.integer(8, 80); left > 0; left--) {
        t += r.uniform(0.4, 3)
        const [user, pid, port] = [r.pick(['root', 'root', 'admin', r.pick(users)]), pidOf(), portOf()]
        hostile(t, 'ssh_bf', `Failed password for ${user} from ${ip} port ${port} ssh2`, pid)
        if (r.next() < 0.5) hostile(t, 'ssh_bf', `Connection closed by authenticating user ${user} ${ip} port ${port} [preauth]`, pid)
      }
    } else if (kind < 0.8) {
      for (let left = r.integer(8, 60); left > 0; left--) {
        t += r.uniform(0.4, 4)
        const [user, pid, port] = [r.pick(NAMES), pidOf(), portOf()]
        hostile(t, 'ssh_enum', `Invalid user ${user} from ${ip} port ${port}`, pid)
        hostile(t, 'ssh_enum', 'pam_unix(sshd:auth): check pass; user unknown', pid)
        hostile(t, 'ssh_enum', `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${ip}`, pid)
        hostile(t + 2, 'ssh_enum', `Failed password for invalid user ${user} from ${ip} port ${port} ssh2`, pid)
        hostile(t + 2, 'ssh_enum', `Received disconnect from ${ip} port ${port}:11: Bye Bye [preauth]`, pid)
      }
    } else if (kind < 0.9) {
      for (let left = r.integer(20, 40); left > 0; left--) {
        t += r.uniform(40, 90)
        hostile(t, 'ssh_slow_bf', `Failed password for root from ${ip} port ${portOf()} ssh2`)
      }
    } else if (kind < 0.95) {
      const user = r.pick(users)
      for (let left = r.integer(30, 120); left > 0; left--) {
        ip = attackerAddress(r)
        t += r.uniform(0.5, 5)
        hostile(t, 'ssh_distributed', `Failed password for ${user} from ${ip} port ${portOf()} ssh2`)
      }
    } else {
      for (let left = r.integer(3, 12); left > 0; left--) {
        t += r.uniform(0.2, 2)
        const peer = `${ip} port ${portOf()}`
        const offer = 'no matching key exchange method found. Their offer: diffie-hellman-group1-sha1 [preauth]'
        const text = r.pick([
          `Unable to negotiate with ${peer}: ${offer}`,
          `banner exchange: Connection from ${peer}: invalid format`,
          `Connection closed by ${peer} [preauth]`,
        ])
        hostile(t, 'ssh_scan', text)
      }
    }
  }
  for (const [at, text] of log.sorted()) yield `${syslogStamp(at)} ${text}`
}
