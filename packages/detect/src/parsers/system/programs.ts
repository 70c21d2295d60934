import { readAccounts } from './accounts.js'
import { readCron } from './cron.js'
import { clearMessage, type HostMessage, type ReadMessage } from './host-message.js'
import { readLogin } from './login.js'
import { readPam } from './pam.js'
import { readSu } from './su.js'
import { readSudo } from './sudo.js'
import { readSystemd } from './systemd.js'

type Program = { readonly dataset: string; readonly category: string; readonly read: ReadMessage }

const programs: ReadonlyMap<string, Program> = new Map(
  (
    [
      [['sudo'], { dataset: 'sudo', category: 'process', read: readSudo }],
      [['su'], { dataset: 'su', category: 'process', read: readSu }],
      [['login'], { dataset: 'login', category: 'process', read: readLogin }],
      [['CRON', 'cron', 'crond', '/USR/SBIN/CRON', 'crontab'], { dataset: 'cron', category: 'process', read: readCron }],
      [['systemd'], { dataset: 'systemd', category: 'process', read: readSystemd }],
      [
        [
          'useradd',
          'usermod',
          'userdel',
          'adduser',
          'newusers',
          'groupadd',
          'groupmod',
          'groupdel',
          'gpasswd',
          'passwd',
          'chpasswd',
          'chage',
          'chfn',
          'chsh',
          'vipw',
        ],
        { dataset: 'accounts', category: 'iam', read: readAccounts },
      ],
    ] as const
  ).flatMap(([names, program]) => names.map((name) => [name, program] as const)),
)

/** True for a program whose messages are read, not only kept. */
export const isKnownProgram = (name: string): boolean => programs.has(name)

/**
 * Reads `line[from, end)`, what the program `name` wrote, into `m`. Programs that are not known here are read for what PAM says through them;
 * everything else of theirs is a `message` of the dataset `syslog`.
 */
export const readProgramMessage = (name: string, line: string, from: number, end: number, m: HostMessage): void => {
  const program = programs.get(name)
  if (program === undefined) {
    clearMessage(m, 'syslog')
    if (line.startsWith('pam_', from)) readPam(line, from, end, m)
    return
  }
  clearMessage(m, program.dataset, program.category)
  // rsyslog and syslog-ng fold equal lines; what is inside is one line more of the same
  if (line.startsWith('message repeated ', from) && line.charCodeAt(end - 1) === 93) {
    const open = line.indexOf('[', from)
    if (open > from && open < from + 40) return program.read(line, line.charCodeAt(open + 1) === 32 ? open + 2 : open + 1, end - 1, m)
  }
  program.read(line, from, end, m)
}
