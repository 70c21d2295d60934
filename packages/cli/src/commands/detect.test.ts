import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { logText, nginxLine, sshFailures, sshSuccess } from '../fixtures/logs.js'
import { displayWidth } from '../output/width.js'
import { onTerminal, parapet, shell, shellParapet, temporaryFolder } from '../fixtures/run-parapet.js'

const folder = temporaryFolder()
const attack = folder.write('auth.log', logText([sshSuccess('192.0.2.10', 'alice'), ...sshFailures('198.51.100.7', 8)]))
const quiet = folder.write('quiet.log', logText([sshSuccess('192.0.2.10', 'alice'), ...sshFailures('192.0.2.10', 2, { user: 'alice' })]))

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('parapet detect', () => {
  it('names the attacker, what for, when and how often, and exits 1', async () => {
    const { code, stdout, stderr } = await parapet(['detect', attack])
    expect([code, stderr]).toEqual([1, ''])
    expect(stdout).toMatch(/^HIGH {2}Brute force from one address/)
    expect(stdout).toMatch(/198\.51\.100\.7 +8 +2026-11-20 08:00:00 +08:00:35/)
    expect(stdout).toMatch(/9 lines of auth · 9 events/)
    expect(stdout).not.toContain('192.0.2.10')
    expect(stdout).not.toContain('\u001b[')
  })

  it('exits 0 when nothing was found, and says so', async () => {
    const { code, stdout } = await parapet(['detect', quiet])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Nothing found\.\n3 lines of auth · 3 events/)
  })

  it('prints one alert a line with --json, in the documented shape', async () => {
    const { code, stdout } = await parapet(['detect', attack, '--json'])
    expect(code).toBe(1)
    const alert = jsonLines(stdout).find(({ scope }) => (scope as { kind: string }).kind === 'ip')
    expect(Object.keys(alert ?? {})).toEqual(['rule', 'group', 'scope', 'first', 'last', 'count', 'targets', 'events'])
    expect(Object.keys(alert?.['rule'] as object)).toEqual(['id', 'title', 'level', 'tags'])
    expect(alert).toMatchObject({
      rule: { title: 'Brute force from one address', level: 'high' },
      scope: { kind: 'ip', value: '198.51.100.7' },
      first: Date.UTC(2026, 10, 20, 8),
      last: Date.UTC(2026, 10, 20, 8, 0, 35),
      count: 8,
      targets: ['198.51.100.7'],
      events: [2, 3, 4, 5, 6, 7, 8, 9],
    })
  })

  it('gives the same bytes every time', async () => {
    const [a, b] = await Promise.all([parapet(['detect', attack, '--json']), parapet(['detect', attack, '--json'])])
    expect(a.stdout).toBe(b.stdout)
    expect(a.stdout.length).toBeGreaterThan(0)
  })

  it('reads rotated files as one log, gzip too, and says in which file an event stands', async () => {
    const lines = sshFailures('198.51.100.8', 6, { every: 30 })
    const old = folder.write('rotated.log.1.gz', gzipSync(logText(lines.slice(0, 3))))
    const current = folder.write('rotated.log', logText(lines.slice(3)))
    expect((await parapet(['detect', old])).code).toBe(0)
    const { code, stdout } = await parapet(['detect', old, current, '--json'])
    expect(code).toBe(1)
    expect(jsonLines(stdout)[0]?.['events']).toEqual([`${old}:1`, `${old}:2`, `${old}:3`, `${current}:1`, `${current}:2`, `${current}:3`])
  })

  it('recognises a web log and takes nginx for its parser', async () => {
    const log = folder.write(
      'access.log',
      logText(
        Array.from({ length: 9 }, (_, i) =>
          nginxLine('198.51.100.9', "GET /item?id=1'+OR+'1'='1 HTTP/1.1", { second: i, agent: 'sqlmap/1.8' }),
        ),
      ),
    )
    const [auto, named] = await Promise.all([parapet(['detect', log, '--json']), parapet(['detect', log, '--json', '--format', 'nginx'])])
    expect(auto.code).toBe(1)
    expect(auto.stdout).toBe(named.stdout)
    expect(auto.stdout).toContain('198.51.100.9')
  })

  it('reads standard input for -', async () => {
    const { code, stdout } = await parapet(['detect', '-'], { input: logText(sshFailures('198.51.100.7', 8)) })
    expect(code).toBe(1)
    expect(stdout).toContain('198.51.100.7')
  })

  it('keeps to the time that --since and --until name', async () => {
    const all = await parapet(['detect', attack, '--since', '2026-11-20 08:00:20', '--until', '2026-11-20T08:00:30Z'])
    expect(all.code).toBe(0)
    expect(all.stdout).toMatch(/7 outside the time/)
    expect((await parapet(['detect', attack, '--since', '2026-11-20', '--until', '2026-11-21'])).code).toBe(1)
  })

  it('shows alerts from --level on, and only --limit rows of a rule', async () => {
    const log = folder.write('many.log', logText([1, 2, 3].flatMap((n) => sshFailures(`198.51.100.${n}`, 6, { hour: n }))))
    const { stdout } = await parapet(['detect', log, '--level', 'high', '--limit', '1'])
    expect(stdout).toMatch(/and 2 more/)
    expect(stdout).not.toMatch(/^MEDIUM/m)
    const critical = await parapet(['detect', log, '--level', 'critical'])
    expect(critical.code).toBe(0)
    expect(critical.stdout).toMatch(/^No alert of this level or worse; \d+ alerts below it\n/)
  })

  it('explains every rule in words, also those that found nothing', async () => {
    const { stdout } = await parapet(['detect', attack, '--explain'])
    expect(stdout).toMatch(/e\.g\. /)
    expect(stdout).toMatch(/\d+ rules found nothing/)
    expect(stdout).toContain('sql-injection')
  })

  it('says how near a rule came that did not fire', async () => {
    folder.write(
      'near.yml',
      `title: Failed\nid: 0d2d1a0e-1111-4222-8333-444455556670\nname: near-failed\nlogsource: {category: authentication}\ndetection: {a: {event.outcome: failure}, condition: a}\n---\ntitle: Seven\nid: 0d2d1a0e-1111-4222-8333-444455556671\nname: seven\nlevel: high\ncorrelation: {type: event_count, rules: [near-failed], group-by: [source.ip], timespan: 1h, condition: {gte: 7}}\n`,
    )
    const log = folder.write('six.log', logText(sshFailures('198.51.100.9', 6, { hour: 3 })))
    const { stdout } = await parapet(['detect', log, '--no-builtin', '--rules', `${folder.path}/near.yml`, '--explain'])
    expect(stdout).toMatch(/came near: 6 of seven, source\.ip 198\.51\.100\.9/)
  })

  it('runs rules of a directory, alone or beside its own, and goes on when one cannot run', async () => {
    folder.write(
      'mine.yml',
      `title: Root tried\nid: 0d2d1a0e-1111-4222-8333-444455556666\nname: root-tried\nstatus: test\ndescription: x\nlevel: low\nlogsource:\n  category: authentication\ndetection:\n  selection:\n    user.name: root\n  condition: selection\n`,
    )
    folder.write(
      'broken.yml',
      'title: Broken\nid: 0d2d1a0e-1111-4222-8333-444455556667\nlevel: low\nlogsource: {category: web}\ndetection:\n  a: {x: 1}\n  condition: nothing\n',
    )
    const { code, stdout, stderr } = await parapet(['detect', attack, '--no-builtin', '--rules', folder.path])
    expect(code).toBe(2)
    expect(stderr).toMatch(/PPT_RULE_INVALID {2}.*broken\.yml:\d+: /)
    expect(stdout).toContain('Root tried')
    expect(stdout).not.toContain('Brute force')
    expect((await parapet(['detect', attack, '--rules', '/nowhere'])).stderr).toMatch(/PPT_FILE_UNREADABLE/)
  })
})

describe('bad input', () => {
  it('is said for the file and does not keep the others from being read', async () => {
    const { code, stdout, stderr } = await parapet(['detect', `${folder.path}/none.log`, attack])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^PPT_FILE_UNREADABLE {2}The file cannot be read: .*none\.log \(ENOENT\)$/m)
    expect(stderr).toMatch(/^fix {2}/m)
    expect(stdout).toContain('198.51.100.7')
  })

  it('never says "nothing found" where nothing was read', async () => {
    for (const path of [`${folder.path}/none.log`, folder.path]) {
      const { code, stdout, stderr } = await parapet(['detect', path])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/PPT_FILE_UNREADABLE/)
    }
  })

  it('may be empty, or blank', async () => {
    for (const content of ['', '\n\n  \n']) {
      const { code, stdout, stderr } = await parapet(['detect', folder.write('empty.log', content)])
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(/^Nothing found\./)
    }
  })

  it('may be binary: it is of no format', async () => {
    const noise = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 256))
    const { code, stderr } = await parapet(['detect', folder.write('binary.log', noise)])
    expect(code).toBe(2)
    expect(stderr).toMatch(/PPT_FORMAT_UNKNOWN/)
    const named = await parapet(['detect', folder.write('binary.log', noise), '--format', 'sshd'])
    expect([named.code, named.stdout]).toEqual([2, ''])
    expect(named.stderr).toMatch(/PPT_FORMAT_UNKNOWN.* was read as sshd, and \d+ of its lines are not of this format\nfix .*--format/)
  })

  it('of another format than the named one is never "nothing found", and does not keep the others from being read', async () => {
    const web = folder.write('other.log', logText(Array.from({ length: 20 }, () => nginxLine('192.0.2.9', 'GET / HTTP/1.1'))))
    const alone = await parapet(['detect', web, '--format', 'sshd'])
    expect([alone.code, alone.stdout]).toEqual([2, ''])
    const beside = await parapet(['detect', web, attack, '--format', 'sshd'])
    expect([beside.code, beside.stdout]).toEqual([2, expect.stringContaining('198.51.100.7') as string])
    const parsed = await parapet(['parse', web, '--format', 'sshd'])
    expect([parsed.code, parsed.stdout]).toEqual([2, ''])
    expect(parsed.stderr).toContain('PPT_FORMAT_UNKNOWN')
  })

  it('with bytes behind its gzip loses no line, and says that they were left out', async () => {
    const packed = gzipSync(logText(sshFailures('198.51.100.7', 400)))
    const { code, stdout, stderr } = await parapet(['detect', folder.write('tail.gz', Buffer.concat([packed, Buffer.from('garbage\n')]))])
    expect([code, stdout]).toEqual([1, expect.stringContaining('400 lines of auth') as string])
    expect(stderr).toMatch(/tail\.gz: what follows the compressed log is no gzip and was left out\n$/)
  })

  it('may be UTF-16', async () => {
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(logText(sshFailures('198.51.100.7', 40)), 'utf16le')])
    expect((await parapet(['detect', folder.write('wide.log', wide)])).stdout).toContain('198.51.100.7')
  })

  it('counts lines that are cut or not understood', async () => {
    const long = `${sshFailures('198.51.100.7', 1)[0]}${'x'.repeat(20_000)}`
    const { stdout } = await parapet(['detect', folder.write('long.log', logText([long, 'what is this', sshSuccess('192.0.2.1', 'a')]))])
    expect(stdout).toMatch(/3 lines of auth · .*1 not understood.*1 cut at 8 KiB/)
  })

  it('may end too early: what was read is reported, then the error, and it exits 3', async () => {
    const whole = gzipSync(logText([...sshFailures('198.51.100.7', 400), ...sshFailures('198.51.100.8', 400, { hour: 12 })]))
    const { code, stdout, stderr } = await parapet(['detect', folder.write('cut.log.gz', whole.subarray(0, whole.length - 200)), '--json'])
    expect(code).toBe(3)
    expect(jsonLines(stdout).length).toBeGreaterThan(0)
    expect(jsonLines(stderr)).toMatchObject([{ error: { code: 'PPT_FILE_TRUNCATED' } }])
  })

  it.each([
    [['detect'], /missing required argument/],
    [['detect', 'x', '--formt', 'sshd'], /unknown option '--formt'.*--format/],
    [['detect', 'x', '--level', 'severe'], /Allowed choices are informational, low/],
    [['detect', 'x', '--since', 'tuesday'], /--since takes a duration/],
    [['detect', 'x', '--limit', '-3'], /whole number/],
    [['detect', 'x', '--format', 'iis'], /PPT_FORMAT_UNKNOWN.*sshd, .*nginx\.access/],
    [['detct', 'x'], /unknown command 'detct' \(Did you mean detect\?\)/],
  ])('is a wrong command line: %j', async (args, sentence) => {
    const { code, stdout, stderr } = await parapet(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(sentence)
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})

describe('hostile text', () => {
  // a user name with an escape sequence, a bidi override and a fake log line
  const name = '\u001b[2J\u001b]0;owned\u0007\u202egnp\u009b31m'
  const log = folder.write(
    'hostile.log',
    logText([
      ...sshFailures('198.51.100.7', 8, { user: name }),
      ...Array.from({ length: 9 }, (_, i) => nginxLine('198.51.100.9', `GET /${name} HTTP/1.1`, { second: i })),
    ]),
  )

  it('reaches neither terminal nor pipe raw', async () => {
    for (const args of [
      ['detect', log, '--explain'],
      ['detect', log, '--json'],
      ['parse', log],
      ['detect', `/none/${name}`],
      ['detect', log, `--${name}`],
    ]) {
      const { stdout, stderr } = await parapet(args)
      expect(stdout + stderr).not.toMatch(/[^\P{C}\n]/u)
    }
  })

  it('stays what it was, in JSON', async () => {
    const { stdout } = await parapet(['parse', log, '--format', 'sshd'])
    expect(jsonLines(stdout)[0]?.['user.name']).toBe(name)
  })
})

describe('where it prints to', () => {
  const many = folder.write(
    'pipe.log',
    logText(Array.from({ length: 4_000 }, (_, i) => sshFailures(`10.${i >> 8}.${i & 255}.1`, 1)[0] ?? '')),
  )

  it('ends quietly when nobody reads on', async () => {
    const { code, stdout, stderr } = await shell(`${shellParapet} parse '${many}' | head -1`)
    expect([code, stderr]).toEqual([0, ''])
    expect(jsonLines(stdout)).toHaveLength(1)
    const failing = await shell(`set -o pipefail; ${shellParapet} parse '${many}' | head -1`)
    expect([failing.code, failing.stderr]).toEqual([0, ''])
  })

  it('colours a terminal, and only without NO_COLOR', async () => {
    const [plain, coloured, off] = await Promise.all([
      onTerminal(['detect', attack], 80, { env: { NO_COLOR: '1' } }),
      onTerminal(['detect', attack], 80),
      onTerminal(['detect', attack, '--no-color'], 80),
    ])
    expect(coloured.stdout).toContain('\u001b[31m')
    expect(plain.stdout).not.toContain('\u001b[')
    expect(off.stdout).not.toContain('\u001b[')
    expect([coloured.code, plain.code]).toEqual([1, 1])
    const forced = await parapet(['detect', attack], { env: { FORCE_COLOR: '1' } })
    expect(forced.stdout).toContain('\u001b[31m')
  })

  it('fits the terminal, whatever the user is called', async () => {
    const log = folder.write(
      'wide.log',
      logText([
        ...sshFailures('198.51.100.7', 9, { user: '漢字'.repeat(40) }),
        ...sshFailures('2001:db8:aaaa:bbbb:cccc:dddd:eeee:1', 9, { hour: 12 }),
      ]),
    )
    for (const columns of [60, 80, 120]) {
      const { stdout } = await onTerminal(['detect', log], columns, { env: { NO_COLOR: '1' } })
      for (const line of stdout.split(/\r?\n/)) {
        expect(displayWidth(line)).toBeLessThanOrEqual(columns)
      }
    }
  })
})
