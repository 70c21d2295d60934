import { againstFail2ban } from './against-fail2ban.js'

/** A day of a shop's access log with 5 % hostile lines. */
export const detectNginx = againstFail2ban({
  name: 'detect-nginx',
  kind: 'nginx',
  format: 'nginx.access',
  filter: 'nginx-botsearch',
  others: ['nginx-bad-request', 'apache-badbots', 'php-url-fopen'],
  least: 100_000,
})
