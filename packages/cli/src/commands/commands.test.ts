import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { logText, nginxLine, sshFailures } from '../fixtures/logs.js'
import { parapet, temporaryFolder } from '../fixtures/run-parapet.js'

const folder = temporaryFolder()

const COMMANDS = [
  'detect',
  'activity',
  'triage',
  'parse',
  'rules',
  'mask',
  'attack',
  'keys',
  'serve',
  'agent',
  'init',
  'config',
  'decisions',
  'block',
  'unblock',
  'why',
  'policies',
  'enforcers',
  'lockdown',
]
const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('help', () => {
  it('lists every command, shows examples and explains the exit codes', async () => {
    const [bare, asked] = await Promise.all([parapet([]), parapet(['--help'])])
    expect([bare.code, asked.code]).toEqual([0, 0])
    expect(bare.stdout).toBe(asked.stdout)
    for (const command of COMMANDS) expect(asked.stdout).toMatch(new RegExp(`^  ${command} +\\S`, 'm'))
    expect(asked.stdout).toContain('Examples:')
    expect(asked.stdout).toContain('Exit codes:')
  })

  it('of every command has its exit codes, --json where it prints results, and no line wider than 80 columns', async () => {
    const groups = [['rules'], ['config'], ['decisions'], ['policies'], ['lockdown'], ['keys'], ['mask', 'rules']]
    const keys = ['create', 'list', 'rotate', 'promote', 'enable', 'disable', 'destroy', 'scan', 'seal', 'status', 'finish', 'undo']
    const printing = [
      ['detect'],
      ['activity'],
      ['triage'],
      ['parse'],
      ['rules', 'list'],
      ['rules', 'lint'],
      ['rules', 'test'],
      ['rules', 'explain'],
      ['mask'],
      ['mask', 'rules', 'list'],
      ['mask', 'rules', 'test'],
      ['mask', 'rules', 'explain'],
      ...keys.map((name) => ['keys', name]),
      ['attack'],
      ['serve'],
      ['agent'],
      ['agent', 'enrol'],
      ['agent', 'status'],
      ['agent', 'install'],
      ['agent', 'release'],
      ['agent', 'uninstall'],
      ['init'],
      ['config', 'explain'],
      ...['list', 'show', 'undo'].map((name) => ['decisions', name]),
      ...['list', 'show', 'preview', 'promote', 'demote'].map((name) => ['policies', name]),
      ['enforcers'],
      ...['status', 'start', 'confirm', 'end'].map((name) => ['lockdown', name]),
      ['block'],
      ['unblock'],
      ['why'],
    ]
    const paths = [...groups, ...printing]
    const runs: Awaited<ReturnType<typeof parapet>>[] = []
    while (runs.length < paths.length)
      runs.push(...(await Promise.all(paths.slice(runs.length, runs.length + 3).map((path) => parapet([...path, '--help'])))))
    for (const [i, path] of paths.entries()) {
      const { code, stdout, stderr } = runs[i] ?? { code: null, stdout: '', stderr: 'not run' }
      expect([path, code, stderr]).toEqual([path, 0, ''])
      expect([path, stdout.split('\n').filter((line) => line.length > 80)]).toEqual([path, []])
      expect([path, stdout.includes('--json') || groups.includes(path)]).toEqual([path, true])
      const whole = path.length === 1
      expect([path, !whole || (/^Examples:\n {2}\$ \S/m.test(stdout) && /^Exit codes:/m.test(stdout))]).toEqual([path, true])
    }
  }, 180_000)

  it('loads no engine, no rules and no database driver before a command needs them', () => {
    const seen = new Set<string>()
    const foreign = new Set<string>()
    const visit = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      // what is imported only as a type is gone after the build; import() comes later
      for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
        /^(?:(?:import|export) (?!type )[^'\n]*\bfrom |import )'([^'\n]+)'/gm,
      )) {
        if (specifier.startsWith('.')) visit(join(dirname(file), specifier.replace(/\.js$/, '.ts')))
        else if (!specifier.startsWith('node:')) foreign.add(specifier)
      }
    }
    visit(join(import.meta.dirname, '../main.ts'))
    expect(seen.size).toBeGreaterThan(40)
    expect([...foreign].toSorted()).toEqual(['@parapet/core', 'commander', 'get-east-asian-width', 'picocolors'])
  })

  it('tells the version', async () => {
    expect(await parapet(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' })
  })

  it('is shown on standard error for a group without its command', async () => {
    const { code, stdout, stderr } = await parapet(['rules'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('parapet rules list|lint|test|explain')
  })
})

describe('parapet parse', () => {
  it('prints each line as an event, and what it did not understand on standard error', async () => {
    const log = folder.write('auth.log', logText([...sshFailures('198.51.100.7', 2), 'no log line']))
    const { code, stdout, stderr } = await parapet(['parse', log])
    expect(code).toBe(0)
    expect(jsonLines(stdout)).toMatchObject([
      {
        '@timestamp': Date.UTC(2026, 10, 20, 8),
        'event.category': 'authentication',
        'event.outcome': 'failure',
        'source.ip': '198.51.100.7',
        'user.name': 'root',
      },
      { '@timestamp': Date.UTC(2026, 10, 20, 8, 0, 5) },
    ])
    expect(stderr).toMatch(/auth\.log: 3 lines, 2 events, 1 not understood/)
  })

  it('reads standard input, and a format that is named', async () => {
    const { code, stdout, stderr } = await parapet(['parse', '-', '--format', 'nginx'], {
      input: `${nginxLine('198.51.100.7', 'GET /a?b=1 HTTP/1.1')}\n`,
    })
    expect([code, stderr]).toEqual([0, ''])
    expect(jsonLines(stdout)).toMatchObject([{ 'url.path': '/a', 'url.query': 'b=1', 'http.response.status_code': 200 }])
  })

  it.each([
    [['parse', '/nowhere/x.log'], 2, 'PPT_FILE_UNREADABLE'],
    [['parse', '/tmp'], 2, 'PPT_FILE_UNREADABLE'],
    [['parse', '/dev/null', '--format', 'x'], 2, 'PPT_FORMAT_UNKNOWN'],
    [['parse'], 2, 'PPT_USAGE'],
    [['parse', 'a', 'b'], 2, 'PPT_USAGE'],
  ])('says what is wrong with %j, as JSON when JSON is asked for', async (args, exit, code) => {
    const run = await parapet([...args, '--json'])
    expect([run.code, run.stdout]).toEqual([exit, ''])
    expect(jsonLines(run.stderr)).toMatchObject([{ error: { code, fix: expect.stringMatching(/\.$/) as string } }])
  })
})

describe('parapet rules', () => {
  it('lists the rules with level and name, the gravest first', async () => {
    const { code, stdout } = await parapet(['rules', 'list'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^high +Brute force from one address +brute-force-address$/m)
    expect(stdout.indexOf('\nhigh')).toBeLessThan(stdout.indexOf('\nlow'))
    const rules = jsonLines((await parapet(['rules', 'list', '--json'])).stdout)
    expect(rules.length).toBeGreaterThanOrEqual(10)
    expect(stdout).toContain(`${rules.filter(({ alerts }) => alerts).length} rules`)
  })

  it('runs the examples of every built-in rule, and all pass', async () => {
    const { code, stdout, stderr } = await parapet(['rules', 'test'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/passed +(\d+)\/\1 +Brute force from one address/)
    expect(stdout).toMatch(/\d+ examples of \d+ rules: all pass/)
  })

  it('exits 1 when an example fails, and says which and why', async () => {
    const file = folder.write(
      'wrong.yml',
      `title: Wrong\nid: 0d2d1a0e-1111-4222-8333-444455556666\nname: wrong\nstatus: test\ndescription: x\nlevel: low\nlogsource:\n  category: web\ndetection:\n  selection:\n    url.path: /a\n  condition: selection\nx-tests:\n  - name: finds b\n    match: true\n    events:\n      - {event.category: web, event.dataset: nginx.access, url.path: /b}\n`,
    )
    const { code, stdout } = await parapet(['rules', 'test', file, '--no-builtin'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/failed +wrong|failed {2}.*finds b/)
    expect(stdout).toMatch(/1 example of 1 rule: 1 failed/)
    expect(jsonLines((await parapet(['rules', 'test', file, '--no-builtin', '--json'])).stdout)).toMatchObject([
      { passed: false, example: 'finds b' },
    ])
  })

  it('writes a description over several lines as running text', async () => {
    const { stdout } = await parapet(['rules', 'explain', 'path-traversal'])
    expect(stdout).toContain('What it is about')
    expect(stdout).not.toContain('\\n')
  })

  it('says in words what a rule looks for, by name or id', async () => {
    const { code, stdout } = await parapet(['rules', 'explain', 'brute-force-address'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^HIGH {2}Brute force from one address/)
    expect(stdout).toContain('When it fires')
    const unknown = await parapet(['rules', 'explain', 'nothing'])
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('there is no rule nothing')
  })
})

describe('parapet config explain', () => {
  it('prints every setting and where it came from, and hides secrets', async () => {
    const env = { PARAPET_DATA_DIR: folder.path, PARAPET_PORT: '18701', DATABASE_URL: 'postgres://u:hunter2@localhost/x' }
    const { code, stdout } = await parapet(['config', 'explain'], { env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^port +18701 +PARAPET_PORT$/m)
    expect(stdout).toMatch(/^host +127\.0\.0\.1 +default$/m)
    expect(stdout).not.toContain('hunter2')
    expect(jsonLines((await parapet(['config', 'explain', '--json'], { env })).stdout).length).toBeGreaterThan(5)
  })

  it('shows them for the data directory that it is given', async () => {
    const { stdout } = await parapet(['config', 'explain', '--data-dir', `${folder.path}/there`])
    expect(stdout).toMatch(/^dataDir +\S*\/there +--data-dir$/m)
  })

  it('names a setting that is not known, or not valid', async () => {
    const unknown = await parapet(['config', 'explain'], { env: { PARAPET_PROT: '1' } })
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/PPT_CONFIG_UNKNOWN_KEY.*PARAPET_PROT/) as string])
    const invalid = await parapet(['config', 'explain'], { env: { PARAPET_PORT: 'http' } })
    expect([invalid.code, invalid.stderr]).toEqual([2, expect.stringMatching(/PPT_CONFIG_INVALID.*port/) as string])
  })
})

describe('parapet init', () => {
  it('prints a new one-time link each time', async () => {
    const env = { PARAPET_DATA_DIR: `${folder.path}/init`, PARAPET_PORT: '18702' }
    const [first, second] = [await parapet(['init'], { env }), await parapet(['init', '--json'], { env })]
    expect(first.stdout).toMatch(/^setup {2}http:\/\/localhost:18702\/setup#[\w-]{43}\n$/)
    const elsewhere = await parapet(['init', '--data-dir', `${folder.path}/init2`, '--json'], { env })
    expect(jsonLines(elsewhere.stdout)[0]).toMatchObject({ dataDir: `${folder.path}/init2` })
    const link = jsonLines(second.stdout)[0]?.['setupLink']
    expect(link).toMatch(/\/setup#[\w-]{43}$/)
    expect(first.stdout).not.toContain(String(link))
  })
})
