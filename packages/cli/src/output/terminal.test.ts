import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { logText, sshFailures } from '../fixtures/logs.js'
import { shell, shellParapet, temporaryFolder } from '../fixtures/run-parapet.js'

const folder = temporaryFolder()
const log = folder.write('auth.log', logText(sshFailures('198.51.100.7', 40)))

describe('a full disk', () => {
  it.each([`detect ${log}`, `parse ${log}`, `mask ${log}`, 'rules list', '--help', 'detect --help'])(
    'is one sentence with a way out and exit code 3, never "alerts found": %s',
    async (line) => {
      const { code, stderr } = await shell(`${shellParapet} ${line} > /dev/full`)
      expect(code).toBe(3)
      expect(stderr).toMatch(/^PPT_OUTPUT {2}The output cannot be written: ENOSPC\n(?:because {2}.*\n)?fix {2}Make room/)
      expect(stderr).not.toMatch(/ at .*node:/)
    },
  )
})

describe('a question on a terminal', () => {
  // taking the agent away asks, and below a folder of its own it needs neither root nor a server
  const unit = `${folder.path}/etc/systemd/system/parapet-agent.service`
  mkdirSync(dirname(unit), { recursive: true })
  folder.write('etc/systemd/system/parapet-agent.service', '[Unit]\n')
  const typing = (keys: string): string =>
    `(sleep 1.5; printf '${keys}'; sleep 1) | script -qec "${shellParapet.replaceAll('"', '')} agent uninstall --root ${folder.path}; echo rc=\\$?" /dev/null`

  it.each([
    ['Ctrl-C', '\\003', /Nothing was changed\.\s+rc=130/],
    ['Ctrl-D', '\\004', /nothing was changed; [\s\S]*rc=2/],
    ['no', 'n\\r', /nothing was changed; [\s\S]*rc=2/],
  ])('is answered with %s by changing nothing, and that is no fault', async (_, keys, said) => {
    const { stdout } = await shell(typing(keys), { env: { TERM: 'xterm' } })
    expect(stdout).toContain('Do this? [y/N]')
    expect(stdout).toMatch(said)
    expect(stdout).not.toContain('PPT_INTERNAL')
  })
})

describe('a job of the background', () => {
  it('goes on reading where it would have to draw on the terminal of others', async () => {
    const big = folder.write('big.log', logText(sshFailures('198.51.100.7', 2_000)).repeat(60))
    // with job control, so that touching the terminal stops the job
    const job = `set -m; ${shellParapet} mask ${big} > ${folder.path}/out & wait %1; echo rc=$?`
    const { stdout } = await shell(`script -qec "bash -c '${job.replaceAll("'", '').replaceAll('$', '\\$')}'" /dev/null < /dev/null`, {
      env: { TERM: 'xterm' },
    })
    expect(stdout).toContain('rc=0')
    expect(stdout).not.toContain('Stopped')
  }, 60_000)
})
