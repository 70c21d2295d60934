import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parapet, temporaryFolder } from '../fixtures/run-parapet.js'

const place = temporaryFolder()
mkdirSync(join(place.path, 'rules'))
const good = `title: Sign-in as root
id: 0a6f4d0e-6a8c-4a52-9d0b-0c6e6f3b1a01
status: stable
description: Somebody signed in as root.
date: 2026-11-22
tags: [attack.initial-access, attack.t1078]
level: medium
logsource: {category: authentication}
detection:
  root: {event.action: login, event.outcome: success, user.name: root}
  condition: root
falsepositives: [an administrator]
x-tests:
  - name: root
    match: true
    events: [{event.category: authentication, event.action: login, event.outcome: success, user.name: root}]
  - name: somebody else
    match: false
    events: [{event.category: authentication, event.action: login, event.outcome: success, user.name: ann}]
`
const fine = place.write('rules/fine.yml', good)
const misspelt = place.write(
  'misspelt.yml',
  good.replace('user.name: root}\n  condition', 'user.nmae: root}\n  condition').replace('a01', 'a02'),
)
const broken = place.write('broken.yml', good.replace('condition: root', 'condition: nothing').replace('a01', 'a03'))
const renamed = place.write(
  'renamed.yml',
  good.replace('user.name: root}\n  condition', 'Account: root}\n  condition').replace('a01', 'a04'),
)
const pipeline = place.write(
  'pipeline.yml',
  'name: ours\npriority: 10\ntransformations:\n  - id: names\n    type: field_name_mapping\n    mapping: {Account: user.name}\n',
)

describe('parapet rules lint', () => {
  it('has nothing to say about a good rule, and shows its exit code 0', async () => {
    const { code, stdout } = await parapet(['rules', 'lint', join(place.path, 'rules')])
    expect(stdout).toBe('1 file: nothing to say\n')
    expect(code).toBe(0)
  })

  it('calls a file without a rule no good rule', async () => {
    for (const text of ['', '\n  \n', '# nothing yet\n---\n']) {
      const { code, stdout, stderr } = await parapet(['rules', 'lint', place.write('empty.yml', text)])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain('empty.yml holds no rule')
    }
  })

  it('shows an error of YAML as a sentence, without marks of line ends', async () => {
    const { stdout } = await parapet(['rules', 'lint', place.write('torn.yml', 'title: "a\nlevel: [\n')])
    expect(stdout).not.toContain('\\n')
  })

  it('names file, line, what is wrong and the fix; exit code 1', async () => {
    const { code, stdout } = await parapet(['rules', 'lint', fine, misspelt, broken])
    expect(code).toBe(1)
    expect(stdout).toMatch(/misspelt\.yml:10 {2}warning/)
    expect(stdout).toContain('user.name')
    expect(stdout).toMatch(/broken\.yml:11 {2}error/)
    expect(stdout).toContain('nothing')
    expect(stdout).toMatch(/3 files: 1 error, 2 warnings, 1 remark/)
  })

  it('prints one finding a line as JSON, and leaves the lighter ones out when asked', async () => {
    const { stdout } = await parapet(['rules', 'lint', misspelt, broken, '--json', '--severity', 'error'])
    const found = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ file: broken, line: 11, severity: 'error', ruleId: '0a6f4d0e-6a8c-4a52-9d0b-0c6e6f3b1a03' })
  })

  it('reads rules through a pipeline, as the other commands do', async () => {
    expect((await parapet(['rules', 'test', renamed, '--no-builtin'])).code).toBe(1)
    const through = await parapet(['rules', 'test', renamed, '--no-builtin', '--pipeline', pipeline])
    expect(through.stdout).toContain('all pass')
    expect(through.code).toBe(0)
    const log = place.write(
      'auth.log',
      `${new Date().toISOString()} web sshd[7]: Accepted password for root from 198.18.0.1 port 4022 ssh2\n`,
    )
    const found = await parapet(['detect', log, '--no-builtin', '--rules', renamed, '--pipeline', pipeline])
    expect(found.stdout).toContain('Sign-in as root')
  })

  it('says what to do when there is no rule where it looks', async () => {
    mkdirSync(join(place.path, 'empty'))
    const empty = await parapet(['rules', 'lint', join(place.path, 'empty')])
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining('there is no .yml file')])
    expect((await parapet(['rules', 'lint', join(place.path, 'nowhere')])).code).toBe(2)
  })
})
