import type { Severity } from '../../verdict.js'

/** A file that nobody meant to serve: where it lies and how it is known by its content. */
export type Leftover = {
  readonly path: string
  readonly what: string
  readonly severity: Severity
  readonly is: (text: string) => boolean
}

const lines = (text: string): readonly string[] =>
  text
    .slice(0, 8_000)
    .split(/\r?\n/, 200)
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** `NAME=value` in every line that is no comment: a settings file, not a page. */
export const isDotenv = (text: string): boolean => {
  const given = lines(text).filter((line) => !line.startsWith('#'))
  return given.length > 0 && given.every((line) => /^(?:export )?[A-Za-z_][A-Za-z\d_.]{0,100}\s?=/.test(line))
}

const hasJsonKeys =
  (...keys: readonly string[]) =>
  (text: string): boolean => {
    const begin = text.trimStart().slice(0, 24_000)
    return begin.startsWith('{') && keys.every((key) => begin.includes(`"${key}"`))
  }

/** Statements of a dump: pg_dump, mysqldump, sqlite `.dump`. */
export const isSqlDump = (text: string): boolean =>
  /^(?:--[^\n]*\n|\s)*(?:--|\/\*!|SET |CREATE |INSERT |DROP |COPY |BEGIN|PRAGMA )/.test(text) &&
  /^(?:CREATE TABLE |INSERT INTO |COPY [\w.".]+ \(|-- (?:PostgreSQL database|MySQL) dump)/m.test(text.slice(0, 20_000)) &&
  !/<html/i.test(text.slice(0, 500))

const startsWith =
  (...magics: readonly string[]) =>
  (text: string): boolean =>
    magics.some((magic) => text.startsWith(magic))

/** Source text of a server: never a page, and not the script of a browser. */
export const isServerSource = (text: string): boolean =>
  !/^\s*</.test(text) &&
  /(?:\brequire\(['"](?:node:|express|fastify|koa|pg|fs|path|http)|from ['"](?:node:|express|fastify|koa|pg\b)|^(?:from|import) (?:django|flask|os|sys)\b|<\?php)/m.test(
    text.slice(0, 20_000),
  )

const isPrivateKey = (text: string): boolean => /^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(text.trimStart())
const isCompose = (text: string): boolean => /^services:\s*$/m.test(text.slice(0, 8_000)) && !/<html/i.test(text)
const isDockerfile = (text: string): boolean =>
  /^FROM \S+/m.test(text.slice(0, 4_000)) && /^(?:RUN|COPY|CMD|ENTRYPOINT|WORKDIR) /m.test(text.slice(0, 8_000))
const isSqlite = startsWith('SQLite format 3')
const isZip = startsWith('PK\u0003\u0004')
/** gzip as text: its first byte survives, the second is no UTF-8. */
const isGzip = (text: string): boolean => text.startsWith('\u001f\ufffd\u0008') || text.startsWith('\u001f\u008b\u0008')

const each = (paths: string, what: string, severity: Severity, is: (text: string) => boolean): readonly Leftover[] =>
  paths.split(' ').map((path) => ({ path, what, severity, is }))

/** What is looked for at any target. Sources: CWE-538; ASVS 13.4.1. */
export const LEFTOVERS: readonly Leftover[] = [
  ...each(
    '/.env /.env.local /.env.production /.env.development /.env.bak /.env~ /.env.example /api/.env /config/.env',
    'settings with their secrets',
    'critical',
    isDotenv,
  ),
  ...each('/.git/HEAD', 'a git repository', 'high', (text) => /^(?:ref: refs\/|[0-9a-f]{40}\s*$)/.test(text)),
  ...each('/.git/config', 'a git repository', 'high', (text) => /^\s*\[core\]/.test(text)),
  ...each('/.git/index', 'a git repository', 'high', startsWith('DIRC')),
  ...each('/.svn/wc.db', 'a Subversion working copy', 'high', isSqlite),
  ...each(
    '/.hg/requires',
    'a Mercurial repository',
    'high',
    (text) => /^(?:dotencode|fncache|store|revlogv1)/m.test(text) && lines(text).length < 20,
  ),
  ...each('/.DS_Store', 'the names of a folder’s files', 'low', (text) => text.startsWith('\u0000\u0000\u0000\u0001Bud1')),
  ...each('/.htpasswd /.htpasswd~', 'password hashes', 'critical', (text) =>
    /^[^\s:<]{1,64}:(?:\$(?:apr1|2[aby]|5|6)\$|\{SHA\})/.test(text),
  ),
  ...each(
    '/.npmrc',
    'settings of the package manager',
    'high',
    (text) => /^(?:\/\/[^\n]*:_auth|_auth|registry\s*=|@[\w-]+:registry)/m.test(text) && !/<html/i.test(text),
  ),
  ...each('/.aws/credentials', 'keys of a cloud account', 'critical', (text) => /^\[[\w -]+\]\s*\naws_/m.test(text)),
  ...each('/id_rsa /.ssh/id_rsa /.ssh/id_ed25519 /server.key /privkey.pem /key.pem', 'a private key', 'critical', isPrivateKey),
  ...each('/package.json /package-lock.json', 'the list of the server’s packages', 'low', hasJsonKeys('name', 'version')),
  ...each('/composer.json', 'the list of the server’s packages', 'low', hasJsonKeys('require')),
  ...each('/docker-compose.yml /compose.yml /compose.yaml', 'how the server is put together', 'medium', isCompose),
  ...each('/Dockerfile', 'how the server is put together', 'low', isDockerfile),
  ...each(
    '/server.js /app.js.bak /index.js.bak /server.js~ /app.js~ /index.php~ /index.php.bak /settings.py /wp-config.php.bak',
    'source of the server',
    'high',
    isServerSource,
  ),
  ...each('/dump.sql /backup.sql /database.sql /db.sql /data.sql /backup/dump.sql', 'a dump of the database', 'critical', isSqlDump),
  ...each('/db.sqlite /db.sqlite3 /database.sqlite /data.db', 'a database', 'critical', isSqlite),
  ...each('/backup.zip /site.zip /www.zip', 'an archive of the server', 'high', isZip),
  ...each('/backup.tar.gz /dump.sql.gz /site.tar.gz', 'an archive of the server', 'high', isGzip),
  ...each('/dump.rdb', 'a snapshot of Redis', 'critical', startsWith('REDIS0')),
]

/** What editors and hurried people leave beside a file. */
export const BACKUP_ENDINGS: readonly string[] = ['~', '.bak', '.old', '.orig', '.save', '.swp']
