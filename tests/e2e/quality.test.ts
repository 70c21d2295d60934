import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { addressKey } from '@parapet/core'
import { compareWithTruth, type ToldAlert } from '@parapet/detect'
import { generateLog, type LogKind, writeLines } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LEAST_LINES } from '../../bench/quality-floors.js'
import { createPlace, parapet, root } from './support/control-plane.js'

/** `npm run bench:quality` does the same in process, on half a million lines each and with more seeds. */
const LINES = 150_000
const OPTIONS: Readonly<Record<LogKind, readonly string[]>> = {
  ssh: [],
  nginx: [],
  app: ['--mapping', join(root, 'bench/app-log-mapping.yml')],
}

/** Runs the real command on a file and reads its alerts, one JSON a line. Exit 1 says that there are some. */
const detect = (file: string, options: readonly string[]): ToldAlert[] => {
  let out = ''
  try {
    out = execFileSync(process.execPath, [parapet, 'detect', file, '--json', ...options], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string }
    if (status !== 1) throw new Error(`parapet detect ended with ${status}: ${stderr}`, { cause: error })
    out = stdout
  }
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ToldAlert)
}

const ADDRESS = /(?:^| from |rhost=| user |"ip":")((?:\d{1,3}\.){3}\d{1,3}|[0-9a-f:]*:[0-9a-f:]+:[0-9a-f]+)(?:[ "]|$)/

describe('parapet detect on labelled logs', () => {
  const place = createPlace('quality')

  beforeAll(() => {
    execFileSync(process.execPath, [join(root, 'scripts/build.js')], { stdio: 'ignore' })
  }, 120_000)
  afterAll(() => place.remove())

  it.each((['ssh', 'nginx', 'app'] as const).flatMap((kind) => ([0.05, 0.95] as const).map((attack) => [kind, attack] as const)))(
    '%s, %d of it hostile: tells of 99 in 100 attacks of every class, and accuses nobody else',
    async (kind, attack) => {
      const { lines, truth } = generateLog({ kind, seed: 7, lines: LINES, attack })
      const file = join(place.path, `${kind}-${attack}.log`)
      await writeLines(file, lines)
      const innocent = new Set<string>()
      for (const line of lines) {
        const address = ADDRESS.exec(line)?.[1]
        if (address !== undefined && addressKey(address) !== undefined && truth.isBenign(address)) innocent.add(address)
      }
      const alerts = detect(file, OPTIONS[kind])
      const { campaigns, classes, missed, accused, falseAlerts } = compareWithTruth(alerts, truth, innocent, LEAST_LINES)
      console.log(
        `${kind} ${attack}: ${alerts.length} alerts, ${campaigns - missed.length} of ${campaigns} attacks told of, ${accused.length} of ${innocent.size} innocent addresses accused`,
      )
      expect(campaigns).toBeGreaterThan(40)
      // one attack a file may be cut short at its end
      const weak = Object.entries(classes).filter(([, entry]) => entry.campaigns - entry.found > Math.max(1, entry.campaigns / 100))
      expect(weak, missed.join('\n')).toEqual([])
      expect(innocent.size).toBeGreaterThan(100)
      expect(accused).toEqual([])
      expect(falseAlerts).toBe(0)
    },
    240_000,
  )
})
