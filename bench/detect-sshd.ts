import { againstFail2ban } from './against-fail2ban.js'

/** A week of an auth.log with 5 % hostile lines. */
export const detectSshd = againstFail2ban({ name: 'detect-sshd', kind: 'ssh', format: 'sshd', filter: 'sshd', least: 250_000 })
