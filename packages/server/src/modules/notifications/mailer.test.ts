import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type AddressInfo } from 'node:net'
import type { SMTPServerOptions } from 'smtp-server'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { makeCertificate } from '../../http/outbound/fixtures/receiver.js'
import { renderMail } from './channels/email.js'
import { type MailServer, startMailServer } from './fixtures/mail-server.js'
import { messageOf } from './fixtures/message.js'
import { createMailer, type Mailer, type SmtpSettings } from './mailer.js'

const own = makeCertificate('localhost')
const folder = await mkdtemp(join(tmpdir(), 'parapet-mail-'))
const passwordFile = join(folder, 'password')
await writeFile(passwordFile, 'pass phrase\nsecond line\n')
afterAll(() => rm(folder, { recursive: true, force: true }))

const servers: MailServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})
const start = async (options: SMTPServerOptions = {}): Promise<MailServer> => {
  const server = await startMailServer(options)
  servers.push(server)
  return server
}
const mailerTo = (port: number, change: Partial<SmtpSettings> = {}, ca: string | undefined = own.cert): Promise<Mailer> =>
  createMailer(
    { host: 'localhost', port, from: 'Parapet <parapet@example.org>', tls: 'required', ...change },
    { stepMs: 1_000, ...(ca === undefined ? {} : { ca }) },
  )
const mail = renderMail(messageOf(), { to: ['ann@example.org', 'ben@example.org'] }, 'example.org')
const user = 'parapet'
const withAuth: SMTPServerOptions = {
  ...own,
  authOptional: false,
  onAuth: ({ username, password }, _session, done) => {
    if (username === user && password === 'pass phrase') done(null, { user: username })
    else done(new Error('a text of the other side that nobody may see'))
  },
}

describe('a mail', () => {
  it('goes over STARTTLS, signed in, once, to each address, and says that a program wrote it', async () => {
    const server = await start(withAuth)
    const mailer = await mailerTo(server.port, { user, passwordFile })
    expect(await mailer.send(mail)).toEqual({ ok: true, detail: 'taken by the mail server', id: `${messageOf().id}@example.org` })
    expect(server.mails).toMatchObject([{ from: 'parapet@example.org', to: ['ann@example.org', 'ben@example.org'], secure: true, user }])
    const headers = server.mails[0]?.headers
    expect(headers?.get('from')).toBe('Parapet <parapet@example.org>')
    expect(headers?.get('message-id')).toBe(`<${messageOf().id}@example.org>`)
    expect(headers?.get('auto-submitted')).toBe('auto-generated')
    expect(headers?.get('subject')).toBe('[HIGH] Brute force')
  })

  it('goes over TLS from the first byte, by URL too', async () => {
    const server = await start({ ...withAuth, secure: true })
    const mailer = await createMailer(
      { url: `smtps://${user}:pass%20phrase@localhost:${server.port}`, port: 587, from: 'p@example.org', tls: 'required' },
      { ca: own.cert },
    )
    expect(await mailer.send(mail)).toMatchObject({ ok: true })
    expect(server.mails[0]?.secure).toBe(true)
  })

  it('is never sent in clear unless somebody said so', async () => {
    const server = await start()
    expect(await (await mailerTo(server.port)).send(mail)).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/without TLS nothing is sent/),
    })
    expect(server.mails).toEqual([])
    expect(await (await mailerTo(server.port, { tls: 'none' })).send(mail)).toMatchObject({ ok: true })
    expect(server.mails[0]?.secure).toBe(false)
  })

  it('is not given to a server whose certificate nobody vouches for', async () => {
    const server = await start(own)
    const mailer = await createMailer({ host: 'localhost', port: server.port, from: 'p@example.org', tls: 'required' })
    expect(await mailer.send(mail)).toMatchObject({ ok: false, retry: true })
    expect(server.mails).toEqual([])
  })

  it('that is refused for its password says so, and not what the other side wrote', async () => {
    const server = await start(withAuth)
    await writeFile(join(folder, 'wrong'), 'wrong')
    const result = await (await mailerTo(server.port, { user, passwordFile: join(folder, 'wrong') })).send(mail)
    expect(result).toMatchObject({ ok: false, retry: true, detail: expect.stringMatching(/did not accept the user and the password/) })
    expect(JSON.stringify(result)).not.toContain('nobody may see')
  })

  it.each([
    [451, true, /trouble of its own/],
    [421, true, /closing for now|451|421/],
    [550, false, /no such mailbox/],
    [554, false, /refused the mail/],
  ])('that is answered %i is tried again: %s', async (responseCode, retry, words) => {
    const server = await start({
      ...own,
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('said the server'), { responseCode })),
    })
    expect(await (await mailerTo(server.port)).send(mail)).toMatchObject({ ok: false, retry, detail: expect.stringMatching(words) })
  })

  it('that one of two addresses cannot have is sent to the other, and the receipt says so', async () => {
    const server = await start({
      ...own,
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith('ben') ? done(Object.assign(new Error('no'), { responseCode: 550 })) : done(),
    })
    expect(await (await mailerTo(server.port)).send(mail)).toMatchObject({ ok: true, detail: expect.stringMatching(/1 of 2/) })
    expect(server.mails[0]?.to).toEqual(['ann@example.org'])
  })

  it('to a server that is silent, or not there, ends', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await new Promise((done) => silent.once('listening', done))
    const { port } = silent.address() as AddressInfo
    expect(await (await mailerTo(port)).send(mail)).toMatchObject({
      ok: false,
      retry: true,
      detail: expect.stringMatching(/did not answer in time/),
    })
    await new Promise<void>((done) => {
      silent.close(() => done())
    })
    expect(await (await mailerTo(port)).send(mail)).toMatchObject({
      ok: false,
      retry: true,
      detail: expect.stringMatching(/nobody listens there/),
    })
  }, 30_000)

  it('to what is no address is not even tried', async () => {
    const server = await start(own)
    const mailer = await mailerTo(server.port)
    for (const to of [
      '',
      'ann',
      'a@b\r\nRCPT TO:<x@y.example>',
      '"a b"@example.org',
      'a@b.example, c@d.example',
      '<a@b.example>',
      'a@b..example',
    ])
      expect(await mailer.sendMail({ id: 'x', to, subject: 's', text: 't' })).toMatchObject({ ok: false, retry: false })
    expect(server.sessions()).toBe(0)
  })
})

describe('a mail of its own', () => {
  it('cannot be given headers by what stands in it', async () => {
    const server = await start(own)
    const mailer = await mailerTo(server.port)
    await mailer.sendMail({ id: 'reset-1\r\nX-Evil: 1', to: 'ann@example.org', subject: 'Hello\r\nBcc: evil@example.com', text: 'a\n.\nb' })
    const [got] = server.mails
    expect(got?.headers.get('subject')).toBe('Hello Bcc: evil@example.com')
    expect([...(got?.headers.keys() ?? [])]).not.toContain('bcc')
    expect([...(got?.headers.keys() ?? [])]).not.toContain('x-evil')
    expect(got?.headers.get('message-id')).toBe('<reset-1X-Evil1@example.org>')
    expect(got?.to).toEqual(['ann@example.org'])
    // a line of one dot would have ended it
    expect(got?.text.trimEnd()).toBe('a\n.\nb')
    expect(got?.html).toBe('')
  })

  it('shows its links in both parts, and nothing else is one', async () => {
    const server = await start(own)
    const url = 'https://app.example/reset?a=1&b="x"'
    await (
      await mailerTo(server.port)
    ).sendMail({ id: 'r', to: 'ann@example.org', subject: 's', text: '<b>bold</b>', links: [{ label: 'Set it', url }] })
    const [got] = server.mails
    expect(got?.text).toContain(`Set it:\n${url}`)
    expect(got?.html).toContain('href="https://app.example/reset?a=1&amp;b=&quot;x&quot;"')
    expect(got?.html).toContain('&lt;b&gt;bold')
    expect(got?.html.match(/<a /g)).toHaveLength(1)
  })
})

describe('settings of the mail server', () => {
  it.each<[string, Partial<SmtpSettings>]>([
    ['a user without a password', { user }],
    ['a password without a user', { passwordFile }],
    ['a file that is not there', { user, passwordFile: '/nowhere/at/all' }],
    ['a sender that is none', { from: 'Parapet' }],
  ])('%s is refused before anything is sent', async (_, change) => {
    await expect(mailerTo(25, change)).rejects.toMatchObject({
      code: 'PPT_CONFIG_INVALID',
      message: expect.stringContaining('notifications.smtp'),
    })
  })
})
