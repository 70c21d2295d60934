import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parapet, temporaryFolder } from '../../fixtures/run-parapet.js'

const place = temporaryFolder()
const put = (path: string, content: string): string => {
  mkdirSync(dirname(join(place.path, path)), { recursive: true })
  return place.write(path, content)
}
const stamp = new Date(Date.now() - 600_000).toISOString()
const log = put(
  'auth.log',
  Array.from({ length: 12 }, (_, n) => `${stamp} web sshd[7]: Failed password for deploy from 198.18.0.9 port 40${n} ssh2\n`).join('') +
    `${stamp} web sshd[7]: Accepted password for deploy from 198.18.0.9 port 4022 ssh2\n`,
)
put('disk/etc/passwd', 'root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\n')
put('disk/etc/cron.d/\u001b[31mjob', '* * * * * root id\n')
// nothing of this machine's own server is asked
const env = { PARAPET_DATA_DIR: join(place.path, 'no-server') }

describe('parapet triage', () => {
  it('looks at a disk and its logs, says what needs somebody and what it could not tell, and changes nothing', async () => {
    const out = join(place.path, 'triage.json')
    const { code, stdout } = await parapet(['triage', log, '--root', join(place.path, 'disk'), '--out', out], { env })
    expect(code).toBe(1)
    expect(stdout).toContain('1. Unauthorized access  LOOK')
    expect(stdout).toContain('account toor has the rights of root')
    expect(stdout).toContain('deploy: 1 sign-in right after failed guesses from the same address')
    expect(stdout).toMatch(/4\. System integrity {2}LOOK/)
    expect(stdout).not.toContain('\u001b[31mjob')
    expect(stdout).toContain('5. Open alerts of the control plane  not known')
    expect(stdout).toMatch(/4 steps of 5 need you; 1 step could not tell\.\n$/)
    const record = JSON.parse(readFileSync(out, 'utf8'))
    expect(record).toMatchObject({ sentence: expect.stringContaining('4 steps of 5'), facts: { host: { admins: ['toor'] } } })
    expect(statSync(out).mode & 0o777).toBe(0o600)
    // a record is not written over
    const again = await parapet(['triage', log, '--root', join(place.path, 'disk'), '--out', out], { env })
    expect(again.stderr).toContain('the file is there; name a new one')
    expect(again.code).toBe(2)
  })

  it('prints the same as JSON', async () => {
    const { stdout } = await parapet(['triage', log, '--root', join(place.path, 'disk'), '--json'], { env })
    const { steps } = JSON.parse(stdout)
    expect(steps.map(({ id, state }: { id: string; state: string }) => `${id} ${state}`)).toEqual([
      'access attention',
      'authentication attention',
      'activity attention',
      'integrity attention',
      'control_plane unknown',
    ])
  })

  it('refuses a --root that is no folder', async () => {
    const { code, stdout, stderr } = await parapet(['triage', '--root', join(place.path, 'no-such-disk')], { env })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('no-such-disk" is no folder')
  })

  it('calls nothing fine that it could not see: exit code 4', async () => {
    put('calm/etc/passwd', 'root:x:0:0:root:/root:/bin/bash\n')
    const { code, stdout } = await parapet(
      ['triage', join(place.path, 'no-such.log'), '--root', join(place.path, 'calm'), '--since', '2030-01-01'],
      { env },
    )
    expect(stdout).toContain('2. Recent authentication  not known')
    expect(stdout).toContain('Nothing stands out; 5 steps could not tell.')
    expect(code).toBe(4)
  })
})
