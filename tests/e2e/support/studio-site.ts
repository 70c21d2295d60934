import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '@parapet/testkit'
import { SMTPServer } from 'smtp-server'
import { root } from './control-plane.js'
import { eventually, type Program, run, startProgram } from './processes.js'

/** A mail that arrived, its lines joined as they were written. */
type Mail = { readonly to: string; readonly text: string }

/** The studio as a user of a checkout starts it, with its mails and a clock that the test moves. */
export type StudioSite = {
  readonly url: string
  readonly program: Program
  /** the link of the newest mail to somebody that holds this path; it is taken, so that the next call waits for the next mail */
  link: (to: string, path: string) => Promise<string>
  /** subjects and texts that somebody got */
  mails: (to: string) => readonly string[]
  /** moves the studio's clock: codes work once each, and a proof is old after ten minutes */
  later: (ms: number) => Promise<void>
  /** what an authenticator app shows now; made by another program than ours */
  code: (secret: string) => string
  stop: () => Promise<void>
}

/** Undoes quoted-printable. Source: RFC 2045, section 6.7. */
const decode = (text: string): string =>
  text.replaceAll(/=\r?\n/g, '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const startMailbox = async (): Promise<{ port: number; mails: Mail[]; close: () => Promise<void> }> => {
  const mails: Mail[] = []
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    onData: (stream, session, done) => {
      let text = ''
      stream.setEncoding('utf8')
      stream.on('data', (part: string) => (text += part))
      stream.on('end', () => {
        for (const { address } of session.envelope.rcptTo) mails.push({ to: address, text: decode(text) })
        done()
      })
    },
  })
  const port = await freePort()
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    port,
    mails,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}

/** Starts the studio with sample people, its bundled PostgreSQL and a mail server of the test's own; data and clock below `place`. */
export const startStudioSite = async (place: string): Promise<StudioSite> => {
  const mailbox = await startMailbox()
  const port = await freePort()
  const clock = join(place, 'clock')
  const url = `http://localhost:${port}`
  let shift = 0
  const program = startProgram(process.execPath, ['--conditions=source', '--import', 'tsx', 'src/main.ts'], {
    cwd: join(root, 'examples/studio'),
    env: {
      PORT: String(port),
      STUDIO_DATA_DIR: join(place, 'data'),
      SMTP_URL: `smtp://127.0.0.1:${mailbox.port}`,
      PARAPET_TEST_CLOCK: clock,
      NODE_OPTIONS: `--import ${new URL('./shift-clock.js', import.meta.url).href}`,
    },
  })
  await program.waitFor(/Studio listens on/, 120_000)
  return {
    url,
    program,
    link: (to, path) =>
      eventually(
        () => {
          const at = mailbox.mails.findLastIndex((mail) => mail.to === to && mail.text.includes(`${url}${path}`))
          const [mail] = at < 0 ? [] : mailbox.mails.splice(at, 1)
          return mail?.text.split(/\s/).find((word) => word.startsWith(`${url}${path}`))
        },
        `a mail to ${to} with ${path}`,
        20_000,
      ),
    mails: (to) => mailbox.mails.filter((mail) => mail.to === to).map(({ text }) => text),
    later: async (ms) => {
      shift += ms
      writeFileSync(clock, String(shift))
      await new Promise((resolve) => setTimeout(resolve, 300))
    },
    code: (secret) => {
      const at = new Date(Date.now() + shift).toISOString().slice(0, 19).replace('T', ' ')
      return run('oathtool', '--totp', '--base32', `--now=${at} UTC`, secret).trim()
    },
    stop: async () => {
      await program.stop()
      await mailbox.close()
    },
  }
}
