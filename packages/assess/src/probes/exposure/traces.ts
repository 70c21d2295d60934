/** A piece of the inside of a program found in an answer. `text` is what was matched, at most 200 characters; `at` its place in the answer. */
export type Trace = { readonly what: string; readonly text: string; readonly at: number; readonly grave: boolean }

/** The answer as a person would read it: line breaks and entities resolved, JSON's `\n` as well. Bounded. */
export const readable = (text: string): string =>
  text
    .slice(0, 24_000)
    .replace(/<br ?\/?>|\\n/gi, '\n')
    .replaceAll(/&nbsp;|&#160;/g, ' ')
    .replaceAll(/&quot;|&#34;|&#x22;|\\"/gi, '"')
    .replaceAll(/&#39;|&#x27;|&apos;/gi, "'")
    .replaceAll(/&#x2f;|&#47;/gi, '/')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('\\\\', '\\')

type Sign = { readonly what: string; readonly pattern: RegExp; readonly grave: boolean }

const ROOTS = 'home|usr|var|srv|opt|app|root|Users|workspace|mnt|tmp|data|code|src|etc'

/** Every quantifier is bounded: a hostile answer costs no more than its length. */
const SIGNS: readonly Sign[] = [
  {
    what: 'a stack of Node.js',
    grave: true,
    pattern: /\bat (?:(?:async |new )?[\w$.<>[\] ]{1,80} \(|async )?(?:file:\/\/\/|node:|\/|[A-Za-z]:\\)[^\s():"<]{1,200}:\d{1,6}:\d{1,6}/,
  },
  { what: 'a stack of Python', grave: true, pattern: /Traceback \(most recent call last\)|File "[^"\n]{1,200}\.py", line \d{1,6}, in / },
  {
    what: 'a stack of PHP',
    grave: true,
    pattern:
      /(?:Fatal error|Parse error|Warning|Notice)(?:<\/b>)?:\s[^\n]{1,300}\.php(?:<\/b>)? on line |#0 \/[^\s(]{1,200}\.php\(\d{1,6}\)/,
  },
  {
    what: 'a stack of Java',
    grave: true,
    pattern:
      /\bat [a-z][\w$.]{1,200}\.[\w$<>]{1,80}\([A-Z]\w{0,80}\.(?:java|kt|scala):\d{1,6}\)|nested exception is |\bCaused by: [\w.$]{1,120}(?:Exception|Error)/,
  },
  {
    what: 'a stack of .NET',
    grave: true,
    pattern: /\bat [A-Z][\w.`]{1,160}\([^)\n]{0,200}\) in [A-Za-z/][^\n]{1,200}:line \d{1,6}|\bSystem\.[A-Z]\w{1,60}Exception: /,
  },
  { what: 'a stack of Ruby', grave: true, pattern: /\/[\w./-]{1,200}\.rb:\d{1,6}:in [`'][^'\n]{1,80}'/ },
  { what: 'a stack of Go', grave: true, pattern: /goroutine \d{1,9} \[[a-z ]{1,40}\]:|\/[\w./-]{1,200}\.go:\d{1,6} \+0x[0-9a-f]{1,16}/ },
  {
    what: 'a path of the server',
    grave: true,
    pattern: new RegExp(
      String.raw`(?:^|(?<!=)["']|[\s(:>])/(?:${ROOTS})/[\w.@/-]{1,200}\.(?:[cm]?[jt]sx?|py|php|rb|java|go|cs|html|ejs|hbs|pug|sql|ya?ml|json)\b|\b[A-Z]:\\(?:[\w .-]{1,60}\\){1,12}[\w.-]{1,60}\.\w{1,6}`,
      'm',
    ),
  },
  { what: 'a path into node_modules', grave: true, pattern: /(?:^|[\s("':])(?:\/[\w.@-]{1,60}){1,12}\/node_modules\/[\w.@-]{1,80}\//m },
  {
    what: 'a message from inside the program',
    grave: false,
    pattern:
      /\b(?:TypeError|ReferenceError|RangeError|URIError|AssertionError|AttributeError|KeyError|NameError|NullPointerException): [^\n<]{3,120}|Cannot read propert(?:y|ies) of (?:undefined|null)|is not a function\b|Object reference not set to an instance/,
  },
]

const SQL: readonly Sign[] = [
  {
    what: 'an error of PostgreSQL',
    grave: true,
    pattern:
      /syntax error at or near "|unterminated quoted (?:string|identifier) at or near|invalid input syntax for type \w|invalid byte sequence for encoding "UTF8"|(?:relation|column) "[^"\n]{1,80}" does not exist|PG::\w{1,40}Error|operator does not exist: \w|psycopg2?\.errors?\./,
  },
  {
    what: 'an error of MySQL',
    grave: true,
    pattern:
      /You have an error in your SQL syntax|\bER_(?:PARSE_ERROR|BAD_FIELD_ERROR|NO_SUCH_TABLE|TRUNCATED_WRONG_VALUE)\b|Unknown column '[^'\n]{1,80}' in '|MySQLdb\._exceptions|com\.mysql\.\w/,
  },
  {
    what: 'an error of SQLite',
    grave: true,
    pattern:
      /\bSQLITE_(?:ERROR|MISUSE|CONSTRAINT)\b|near "[^"\n]{0,80}": syntax error|unrecognized token: "|sqlite3\.(?:Operational|Programming)Error|no such (?:column|table): \w/,
  },
  {
    what: 'an error of SQL Server',
    grave: true,
    pattern: /Unclosed quotation mark (?:after|before) the character string|Incorrect syntax near '|Microsoft SQL Server|SqlException\b/,
  },
  { what: 'an error of Oracle', grave: true, pattern: /\bORA-\d{5}: / },
  {
    what: 'an error of a database library',
    grave: true,
    pattern:
      /SQLSTATE\[\w{1,6}\]|QueryFailedError|Sequelize\w{0,30}Error|Invalid `prisma\.|org\.hibernate\.\w|org\.postgresql\.util|System\.Data\.SqlClient|django\.db\.utils\./,
  },
]

/** A statement shown in an error: words of SQL in their order, with names quoted or parameters numbered as programs write them. */
const STATEMENT: Sign = {
  what: 'a statement of SQL',
  grave: true,
  pattern:
    /\bselect\s[^\n<]{1,300}\sfrom\s["`\w.]{1,80}\s[^\n<]{0,200}\b(?:where|join|order by|limit)\s[^\n<]{0,200}(?:\$\d|= ?\?|"\w{1,60}"|`\w{1,60}`|'')|\binsert into ["`\w.]{1,80} ?\([^\n<]{1,300}\) ?values\b|\bupdate ["`\w.]{1,80} set ["`\w.]{1,80} ?=|\bdelete from ["`\w.]{1,80} where\s/i,
}

const find = (signs: readonly Sign[], text: string): readonly Trace[] =>
  signs.flatMap(({ what, pattern, grave }) => {
    const match = pattern.exec(text)
    return match === null ? [] : [{ what, text: match[0].trim().slice(0, 200), at: match.index, grave }]
  })

/** Stacks, paths and messages of programs in an answer (already {@link readable}), gravest first. Source: CWE-209. */
export const tracesIn = (text: string): readonly Trace[] => find(SIGNS, text)

/** Errors of databases in an answer; statements only where the answer is an error. Source: CWE-209, CWE-89. */
export const sqlIn = (text: string, isError: boolean): readonly Trace[] => find(isError ? [...SQL, STATEMENT] : SQL, text)
