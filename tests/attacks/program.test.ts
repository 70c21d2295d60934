import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { AttackReport } from '@parapet/assess'
import type { FaultChoice } from '@parapet/example-leaky'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProgram } from '../e2e/support/processes.js'
import { machine, openRange, type Range } from './support/range.js'

const parapet = fileURLToPath(new URL('../../packages/cli/bin/parapet.js', import.meta.url))

/** The quick families: what the other ones find is not of this test. */
const FAMILIES = ['--family', 'headers', '--family', 'access']

describe.skipIf(!machine.ok)(`parapet attack as a program${machine.note}`, () => {
  let range: Range

  beforeAll(async () => {
    range = await openRange()
    writeFileSync(join(range.folder, 'attack.yml'), range.targetFile)
  }, 180_000)
  afterAll(() => range?.close(), 60_000)

  const run = (
    faults: FaultChoice | undefined,
  ): Promise<{ code: number | null; output: string; report: AttackReport; html: string; mode: number }> =>
    range.with(faults, async ({ origin }) => {
      const [json, html] = [join(range.folder, 'report.json'), join(range.folder, 'report.html')]
      const more = ['--target', join(range.folder, 'attack.yml'), '--insecure', '--json', json, '--html', html]
      const program = startProgram(process.execPath, [parapet, 'attack', origin, ...more, ...FAMILIES])
      const code = await new Promise<number | null>((resolve) => program.child.once('exit', resolve))
      return {
        code,
        output: program.output(),
        report: JSON.parse(readFileSync(json, 'utf8')) as AttackReport,
        html: readFileSync(html, 'utf8'),
        mode: statSync(html).mode & 0o777,
      }
    })

  it('ends with 0 for the studio and writes a report of what was tried', async () => {
    const { code, report, html, output } = await run(undefined)
    expect(code, output).toBe(0)
    expect(report).toMatchObject({ version: 1, consent: 'loopback', state: 'complete' })
    expect(report.statements.length).toBeGreaterThan(20)
    expect(html).toMatch(/^<!doctype html>/i)
  }, 300_000)

  it('ends with 1 for leaky, shows what is wrong, and keeps passwords and ids of sessions out of what it writes', async () => {
    const { code, report, html, output, mode } = await run('all')
    expect(code, output).toBe(1)
    expect(report.findings_by_severity.critical).toBeGreaterThan(0)
    expect(report.total_findings).toBe(report.findings.length)
    for (const place of ['/.env', '/uploads/', '/frameworks', 'strict-transport-security']) {
      expect(output).toContain(place)
      expect(html).toContain(place)
    }
    const written = JSON.stringify(report) + html + output
    expect(written).not.toMatch(/a long sentence for|__Host-session=[\w-]{20}|STUDIO_SECRET=not/)
    // it says where an application is weak: for its owner alone
    expect(mode).toBe(0o600)
  }, 300_000)
})
