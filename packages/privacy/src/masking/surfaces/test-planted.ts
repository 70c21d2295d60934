/** Values that no surface may let out. None is real; formats and check digits are right, so that rules find them. */
export const PLANTED = {
  password: 'hunter2-correct-horse',
  bearer: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJlLW9mLXRlc3Q',
  email: 'anna.planted@example.org',
  card: '4111111111111111',
  apiKey: 'k3y-planted-0123456789',
  dsnPassword: 'dsn-planted-pw',
  session: 'sess-planted-77',
  pin: '918273',
} as const

/** A log call: fields, a message or both, as loggers take them. */
export type NastyCall = { readonly title: string; readonly args: () => readonly unknown[] }

const { password, bearer, email, card, apiKey, dsnPassword, session, pin } = PLANTED
const dsn = `postgres://app:${dsnPassword}@db.internal:5432/shop`

/** Everything that has got past a redactor of paths: other spelling, other depth, text, errors, lists, objects that hide their content. */
export const NASTY_CALLS: readonly NastyCall[] = [
  { title: 'another spelling', args: () => [{ PASSWORD: password, Api_Key: apiKey, 'X-API-KEY': apiKey, openaiApiKey: apiKey }, 'x'] },
  { title: 'a depth nobody listed', args: () => [{ a: { b: [{ c: { d: { e: { password } } } }] } }, 'x'] },
  { title: 'the message', args: () => [`sign-in of ${email} with password=${password} failed`] },
  { title: 'a message with JSON in it', args: () => [`body ${JSON.stringify({ password, email })}`] },
  {
    title: 'format arguments',
    args: () => [{ a: 1 }, 'user %s card %s password=%s object %j', email, card, password, { password, sid: session }],
  },
  { title: 'a DSN in the message of an error', args: () => [new Error(`connect failed: ${dsn}`)] },
  { title: 'an error under a key', args: () => [{ err: new Error(`no ${dsn}`) }, 'failed'] },
  {
    title: 'an error under another key',
    args: () => [
      { problem: Object.assign(new Error('x'), { password, config: { headers: { Authorization: `Bearer ${bearer}` } } }) },
      'failed',
    ],
  },
  {
    title: 'a cause of a cause',
    args: () => [
      { err: new Error('a', { cause: new Error('b', { cause: Object.assign(new Error(`for ${email}`), { password }) }) }) },
      'x',
    ],
  },
  {
    title: 'errors of an AggregateError',
    args: () => [{ err: new AggregateError([new Error(`c ${dsn}`), Object.assign(new Error('d'), { apiKey })], 'all') }, 'x'],
  },
  {
    title: 'raw headers',
    args: () => [{ rawHeaders: ['Host', 'a', 'authorization', `Bearer ${bearer}`, 'X-Api-Key', apiKey, 'Cookie', `sid=${session}`] }, 'x'],
  },
  { title: 'entries of headers', args: () => [{ headers: [['authorization', `Bearer ${bearer}`], ['x-api-key', apiKey]] }, 'x'] }, // prettier-ignore
  { title: 'names and values', args: () => [{ headers: [{ name: 'Set-Cookie', value: `sid=${session}` }, { name: 'x-api-key', value: apiKey }] }, 'x'] }, // prettier-ignore
  { title: 'JSON in a string', args: () => [{ body: JSON.stringify({ user: { password, pin, apiKey } }) }, 'x'] },
  { title: 'JSON in JSON', args: () => [{ event: JSON.stringify({ body: JSON.stringify({ password }) }) }, 'x'] },
  { title: 'a query', args: () => [{ url: `/callback?email=${email}&password=${password}&api_key=${apiKey}` }, 'x'] },
  {
    title: 'containers under a key',
    args: () => [{ cookies: { a: session, b: [session] }, credentials: { user: 'u', pass: password } }, 'x'],
  },
  { title: 'a number under a key', args: () => [{ pin: Number(pin), nested: { PIN: Number(pin) } }, 'x'] },
  { title: 'a card as a number', args: () => [{ note: Number(card), big: [Number(card)] }, 'x'] },
  { title: 'a key that is a person', args: () => [{ counts: { [email]: 3 } }, 'x'] },
  { title: 'bytes', args: () => [{ bytes: Buffer.from(password) }, 'x'] },
  { title: 'an HTTP client error', args: () => [Object.assign(new Error('Request failed'), {
    config: { url: '/x', headers: { Authorization: `Bearer ${bearer}` }, auth: { username: 'u', password }, data: JSON.stringify({ password, email }) },
    _header: `GET / HTTP/1.1\r\nAuthorization: Bearer ${bearer}\r\nCookie: sid=${session}\r\n`,
    response: { status: 401, headers: { 'set-cookie': [`sid=${session}; HttpOnly`] }, data: { access_token: apiKey } },
  })] }, // prettier-ignore
  {
    title: 'a PostgreSQL error',
    args: () => [
      Object.assign(new Error('duplicate key value'), {
        severity: 'ERROR',
        code: '23505',
        detail: `Key (password, email)=(${password}, ${email}) already exists.`,
      }),
    ],
  },
]

/** The planted values that stand in a text: as they are, in base64, or as the bytes of a list. */
export const leaksIn = (text: string): readonly string[] =>
  Object.entries(PLANTED)
    .filter(([, value]) =>
      [value, Buffer.from(value).toString('base64').slice(0, -2), [...Buffer.from(value)].join(',')].some((form) => text.includes(form)),
    )
    .map(([name]) => name)
