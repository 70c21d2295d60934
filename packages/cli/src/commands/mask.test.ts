import { chmodSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { findPlanted, PLANTED, PLANTED_LINE } from '@parapet/testkit'
import { describe, expect, it } from 'vitest'
import { cleanEnv, onTerminal, parapet, parapetBin, shell, shellParapet, temporaryFolder } from '../fixtures/run-parapet.js'
import { displayWidth } from '../output/width.js'

const folder = temporaryFolder()
const text = `first line\n${PLANTED_LINE}\nü 漢字 ${PLANTED.email}\n`
const log = folder.write('app.log', text)

const jsonLines = (out: string): Record<string, unknown>[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** A key as openssl writes it: base64 over many lines. */
const pem = `-----BEGIN PRIVATE KEY-----\n${randomBytes(1_200)
  .toString('base64')
  .replaceAll(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`

describe('parapet mask', () => {
  it('hides what is planted and leaves every other byte as it was', async () => {
    const { code, stdout, stderr } = await parapet(['mask', log])
    expect([code, stderr]).toEqual([0, ''])
    expect(findPlanted(stdout)).toEqual([])
    expect(stdout).toMatch(/^first line\nmail=\[REDACTED:email\] /)
    expect(stdout).toMatch(/\nü 漢字 \[REDACTED:email\]\n$/)
  })

  it('reads standard input, and files in their order as one text', async () => {
    const piped = await parapet(['mask'], { input: text })
    const dashed = await parapet(['mask', '-'], { input: text })
    const plain = folder.write('plain.txt', 'no end of line')
    const several = await parapet(['mask', plain, '-', plain], { input: text })
    expect(dashed.stdout).toBe(piped.stdout)
    expect(several.stdout).toBe(`no end of line${piped.stdout}no end of line`)
  })

  it('takes gzip off, and tells when it ends too early after what was read', async () => {
    const whole = gzipSync(`${text}${randomBytes(3_000).toString('hex')}\n`)
    const { stdout } = await parapet(['mask', folder.write('app.log.gz', whole)])
    expect(stdout).toMatch(/^first line\nmail=\[REDACTED:email\]/)
    const cut = await parapet(['mask', folder.write('cut.log.gz', whole.subarray(0, whole.length - 40))])
    expect(cut.code).toBe(3)
    expect(cut.stdout).toMatch(/^first line\n/)
    expect(cut.stderr).toMatch(/PPT_FILE_TRUNCATED/)
  })

  it('reads UTF-16 instead of passing it on as nothing to hide', async () => {
    const text = 'mail ann@mail.example, all well\n'
    for (const bytes of [Buffer.from(`\ufeff${text}`, 'utf16le'), Buffer.from(`\ufeff${text}`, 'utf16le').swap16()]) {
      const path = folder.write('wide.txt', bytes)
      expect((await parapet(['mask', path])).stdout).toBe('mail [REDACTED:email], all well\n')
      expect((await parapet(['mask', '--check', path])).code).toBe(1)
    }
  })

  it('hides a key over all of its lines, also where the pipe cuts it', async () => {
    const { stdout } = await parapet(['mask'], { input: `before\n${pem}after\n` })
    expect(stdout).toBe('before\n[REDACTED:private-key]\nafter\n')
    const child = spawn(process.execPath, [parapetBin, 'mask'], { env: cleanEnv(), stdio: ['pipe', 'pipe', 'ignore'] })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    const ended = new Promise((resolve) => child.on('close', resolve))
    const bytes = Buffer.from(`before\n${pem}after\n`)
    for (let at = 0; at < bytes.length; at += 97) await new Promise((resolve) => child.stdin.write(bytes.subarray(at, at + 97), resolve))
    child.stdin.end()
    await ended
    expect(out).toBe(stdout)
  }, 30_000)

  it('passes lines on as they come', async () => {
    const child = spawn(process.execPath, [parapetBin, 'mask'], { env: cleanEnv(), stdio: ['pipe', 'pipe', 'ignore'] })
    const first = new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())))
    child.stdin.write(`${PLANTED.email} signed in\n`)
    expect(await first).toBe('[REDACTED:email] signed in\n')
    const ended = new Promise((resolve) => child.on('close', resolve))
    child.stdin.end()
    expect(await ended).toBe(0)
  })

  it('leaves JSON JSON', async () => {
    const object = {
      user: { email: PLANTED.email, password: PLANTED.password },
      card: 4_111_111_111_111_111,
      n: 5,
      ok: true,
      at: '2026-11-21T08:00:00Z',
    }
    const { stdout } = await parapet(['mask'], { input: `${JSON.stringify(object)}\n` })
    expect(findPlanted(stdout)).toEqual([])
    expect(JSON.parse(stdout)).toMatchObject({ n: 5, ok: true, at: '2026-11-21T08:00:00Z', user: { password: '[REDACTED:password]' } })
  })

  it('leaves bytes that are no text as they are', async () => {
    const noise = folder.write('noise.bin', Buffer.from(Array.from({ length: 60_000 }, (_, i) => (i * 7919 + (i >> 8)) % 256)))
    expect((await shell(`${shellParapet} mask '${noise}' | cmp - '${noise}'`)).code).toBe(0)
  })

  it('masks a line of 50 MB in bounded memory', async () => {
    const big = folder.write('big.txt', '')
    truncateSync(big, 50_000_000)
    const { code, stdout } = await shell(
      `(cat '${big}' | tr '\\0' a; echo ' ${PLANTED.email}') | NODE_OPTIONS=--max-old-space-size=120 ${shellParapet} mask | tail -c 40`,
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/a{20,} \[REDACTED:email\]\n$/)
  }, 60_000)

  it('ends quietly when nobody reads on', async () => {
    const many = folder.write('many.log', text.repeat(20_000))
    const { code, stdout, stderr } = await shell(`set -o pipefail; ${shellParapet} mask '${many}' | head -1`)
    expect([code, stdout, stderr]).toEqual([0, 'first line\n', ''])
  })
})

describe('--explain', () => {
  it('says place, rule and action of each find, never the value', async () => {
    const { code, stdout, stderr } = await parapet(['mask', '--explain', log])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`${log}\n`)
    expect(stdout).toMatch(/^ +2:6 +redact +email +E-mail address$/m)
    expect(stdout).toMatch(/^ +3:6 +redact +email /m)
    expect(stdout).toMatch(/^ +2 +redact +email +E-mail address$/m)
    expect(stdout).toMatch(/\d+ values of \d+ rules\n3 lines · \d+ bytes · /)
    expect(findPlanted(stdout)).toEqual([])
  })

  it('is one object a line with --json, and a summary', async () => {
    const { stdout } = await parapet(['mask', '--explain', '--json', log, '-'], { input: `x ${PLANTED.awsKey}` })
    const lines = jsonLines(stdout)
    expect(lines[0]).toEqual({ file: log, line: 2, column: 6, rule: 'email', title: 'E-mail address', kind: 'personal', action: 'redact' })
    expect(lines.at(-2)).toMatchObject({ file: '-', line: 1, column: 3, rule: 'aws-access-key-id', kind: 'secret' })
    const rules = lines.slice(0, -1).map(({ rule }) => rule)
    expect(lines.at(-1)).toMatchObject({ summary: { values: rules.length, files: 2, lines: 4, rules: { email: 2 } } })
    expect(findPlanted(stdout)).toEqual([])
  })

  it('shows nothing that acts on a terminal, and fits it', async () => {
    const hostile = folder.write(`h\u001b[2J\u202e.log`, `\u001b]0;x\u0007 ${PLANTED_LINE}\u009b31m\n`)
    for (const columns of [60, 80, 120]) {
      const { stdout } = await onTerminal(['mask', '--explain', hostile], columns, { env: { NO_COLOR: '1' } })
      expect(stdout).not.toMatch(/[^\P{C}\r\n]/u)
      for (const line of stdout.split(/\r?\n/)) expect(displayWidth(line)).toBeLessThanOrEqual(columns)
    }
    const shown = await onTerminal(['mask', hostile], 80, { env: { NO_COLOR: '1' } })
    expect(shown.stdout).toContain(String.raw`\x1b]0;x\x07 mail=[REDACTED:email]`)
    expect(shown.stdout).not.toMatch(/[^\P{C}\r\n]/u)
  })
})

describe('--check', () => {
  it('exits with 1 when something is there and with 0 when not', async () => {
    const clean = folder.write('clean.txt', 'order 4711 took 41.83 ms, id 8c1f2c0e-5a8e-4d1b-9c55-0e9a8f3a1b77\n')
    const [dirty, fine] = [await parapet(['mask', '--check', log]), await parapet(['mask', '--check', clean])]
    expect(dirty.code).toBe(1)
    expect(findPlanted(dirty.stdout)).toEqual([])
    expect([fine.code, fine.stdout]).toEqual([0, expect.stringMatching(/^Nothing to hide\.\n1 line /) as string])
  })

  it('is not "nothing" where a file could not be read', async () => {
    const { code, stdout, stderr } = await parapet(['mask', '--check', `${folder.path}/none`])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/PPT_FILE_UNREADABLE/)
  })
})

describe('what is done', () => {
  const key = folder.write('pseudonym.key', `${'k'.repeat(40)}\n`)
  chmodSync(key, 0o600)
  const policy = folder.write(
    'privacy.yml',
    `on: [ipv4]\nactions: { email: { action: mask, keep-last: 3 } }\nallow: [Postmaster@example.org]\nroles:\n  support: { personal: mask, secret: redact }\n  admin: { '*': show }\nrules: ./rules\n`,
  )
  it('is what --action says, with as many characters as --keep-last', async () => {
    const input = 'a@example.org\n'
    expect((await parapet(['mask', '--action', 'drop'], { input })).stdout).toBe('\n')
    expect((await parapet(['mask', '--action', 'mask', '--keep-last', '2'], { input })).stdout).toBe('****rg\n')
    expect((await parapet(['mask', '--off', 'email'], { input })).stdout).toBe(input)
    expect((await parapet(['mask', '--on', 'ipv4,ipv6'], { input: 'from 203.0.113.7\n' })).stdout).toMatch(/^from \S*(?:REDACTED|\*)/)
  })

  it('is the same pseudonym for the same value under a key, from the environment or a file', async () => {
    const input = `${PLANTED.email} ${PLANTED.email.toUpperCase()} other@example.org\n`
    const fromFile = await parapet(['mask', '--action', 'pseudonymize', '--pseudonym-key', `file:${key}`], { input })
    const fromEnv = await parapet(['mask', '--action', 'pseudonymize', '--pseudonym-key', 'env:KEY'], {
      input,
      env: { KEY: 'k'.repeat(40) },
    })
    const [one, two, three] = fromFile.stdout.trim().split(' ')
    expect(one).toMatch(/^em_[0-9a-f]{16}$/)
    expect([two, three === one]).toEqual([one, false])
    expect(fromEnv.stdout).toBe(fromFile.stdout)
  })

  it('is what a policy says, with rules of its own and by role', async () => {
    folder.write('rules-plain.txt', '')
    await shell(`mkdir -p '${folder.path}/rules'`)
    folder.write(
      'rules/ticket.yml',
      `kind: secret\nrules:\n  - id: shop-ticket\n    title: Ticket of the shop\n    literals: [TCK-]\n    pattern: TCK-\\d{6}\n    match: ['see TCK-123456']\n    no-match: ['TCK-12']\n`,
    )
    const input = 'ann@example.org postmaster@example.org 203.0.113.7 TCK-123456\n'
    const plain = await parapet(['mask', '--policy', policy], { input })
    expect([plain.code, plain.stderr]).toEqual([0, ''])
    expect(plain.stdout).toMatch(/^\*{4}org postmaster@example\.org \S+ \[REDACTED:shop-ticket\]\n$/)
    expect(plain.stdout).not.toContain('203.0.113.7')
    const support = await parapet(['mask', '--policy', policy, '--role', 'support'], { input })
    expect(support.stdout).toMatch(/^\*{4}.* \[REDACTED:shop-ticket\]\n$/)
    const admin = await parapet(['mask', '--policy', policy, '--role', 'admin'], { input })
    expect(admin.stdout).toBe(input)
    const tested = await parapet(['mask', 'rules', 'test', `${folder.path}/rules`, '--no-builtin'])
    expect([tested.code, tested.stdout]).toEqual([0, '2 examples of 1 rule: all pass\n'])
  })

  it('is what the policy in --help says, as it stands there', async () => {
    const { stdout: help } = await parapet(['mask', '--help'])
    const [, text = ''] = /\nA policy:\n([\s\S]*?)\n\n/.exec(help) ?? []
    const shown = folder.write('help.yml', text.replaceAll(/^ {2}/gm, ''))
    for (const role of [[], ['--role', 'support'], ['--role', 'admin']]) {
      const { code, stdout, stderr } = await parapet(['mask', '--policy', shown, ...role], {
        input: 'ann@mail.example noreply@example.org\n',
      })
      expect([role, code, stderr]).toEqual([role, 0, ''])
      expect(stdout.includes('ann@mail.example')).toBe(role.includes('admin'))
      expect(stdout).toContain('noreply@example.org')
    }
  })

  it.each([
    [['--role', 'suport', '--policy', policy], /has no role suport; did you mean support\?/],
    [['--off', 'email,,'], /with commas between/],
    [['--action', 'tokenize'], /Allowed choices are redact, mask, pseudonymize, drop/],
    [['--action', 'pseudonymize', '--pseudonym-key', 'hunter2hunter2hunter2'], /takes env:NAME or file/],
    [['--action', 'mask', '--keep-last', '9'], /0 to 8/],
    [['--json'], /--json goes with --explain or --check/],
  ])('is refused with a way out: %j', async (args, sentence) => {
    const { code, stdout, stderr } = await parapet(['mask', ...args], { input: text })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(sentence)
    expect(stderr).toMatch(/^fix {2}|"fix":/m)
    expect(stderr).not.toContain('hunter2')
  })
})

describe('files that cannot be read', () => {
  it('are said, and the others are masked all the same', async () => {
    const { code, stdout, stderr } = await parapet(['mask', `${folder.path}/none`, folder.path, log])
    expect(code).toBe(2)
    expect(stderr).toMatch(/none \(ENOENT\)/)
    expect(stderr).toMatch(/\(EISDIR\)/)
    expect(stdout).toContain('[REDACTED:email]')
  })

  it('may be empty', async () => {
    const empty = folder.write('empty', '')
    expect(statSync(empty).size).toBe(0)
    expect(await parapet(['mask', empty])).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

describe('parapet mask rules', () => {
  it('lists rules and key names, and says which are off', async () => {
    const rules = jsonLines((await parapet(['mask', 'rules', 'list', '--json'])).stdout)
    expect(rules.length).toBeGreaterThan(225)
    expect(rules.find(({ id }) => id === 'ipv4')).toMatchObject({ kind: 'personal', on: false, finds: 'text' })
    expect(rules.find(({ id }) => id === 'password')).toMatchObject({ kind: 'secret', on: true, finds: 'key name' })
    const { stdout } = await onTerminal(['mask', 'rules', 'list'], 80, { env: { NO_COLOR: '1' } })
    for (const line of stdout.split(/\r?\n/)) expect(displayWidth(line)).toBeLessThanOrEqual(80)
  })

  it('explains one with its examples, and names the nearest of an unknown one', async () => {
    const { code, stdout } = await parapet(['mask', 'rules', 'explain', 'payment-card'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^PERSONAL {2}Payment card number\n {2}payment-card\n/)
    expect(stdout).toMatch(/Leaves alone\n {2}\S/)
    const unknown = await parapet(['mask', 'rules', 'explain', 'payment-crad'])
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/did you mean payment-card\?/) as string])
  })

  it('fails when an example is not found, and for a rule that is none', async () => {
    const bad = folder.write(
      'bad.yml',
      `kind: secret\nrules:\n  - id: never\n    title: Never\n    literals: [NEV-]\n    pattern: NEV-\\d{4}\n    match: ['NEV-12']\n    no-match: ['x']\n`,
    )
    const failed = await parapet(['mask', 'rules', 'test', bad, '--no-builtin'])
    expect([failed.code, failed.stdout]).toEqual([
      1,
      expect.stringMatching(/^failed {2}never finds nothing in .*\n {2}NEV-12\n2 examples of 1 rule: 1 failed\n$/) as string,
    ])
    const broken = folder.write('broken.yml', 'kind: secret\nrules:\n  - id: x\n    patern: y\n')
    const refused = await parapet(['mask', 'rules', 'test', broken])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/PPT_MASK_RULE.*broken\.yml/) as string])
    expect(readFileSync(broken, 'utf8')).toContain('patern')
  })
})
