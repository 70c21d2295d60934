import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { expect, it } from 'vitest'
import { shownMail, smtpMail } from './mail.js'

it('shows a mail without a control character of what somebody typed', async () => {
  const shown: string[] = []
  await shownMail((text) => shown.push(text))({
    to: 'ann@example.org\u001b[2J',
    subject: 'Hello\u0007\u202e',
    text: 'one\n\u001b]0;x\u0007two\r\n',
  })
  const [text = ''] = shown
  expect(text).toContain('mail to ann@example.org[2J: Hello')
  expect(text).toContain('one\n  │ ]0;xtwo')
  expect(text).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u)
})

it('sends one by SMTP, and lets nobody add a header or a recipient', async () => {
  const received: { to: string[]; text: string }[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      let text = ''
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
      stream.on('end', () => {
        received.push({ to: session.envelope.rcptTo.map(({ address }) => address), text })
        done()
      })
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  try {
    const send = smtpMail(`smtp://127.0.0.1:${port}`, 'Studio <no-reply@studio.example>')
    await send({ to: 'ann@example.org', subject: 'Hello\r\nBcc: eve@evil.example', text: 'one' })
    expect(received).toHaveLength(1)
    expect(received[0]?.to).toEqual(['ann@example.org'])
    expect(received[0]?.text).not.toMatch(/^bcc:/im)
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
})
