import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { ENROLMENT_TOKEN, startControlPlane } from '../packages/agent/src/fixtures/control-plane.js'
import { root, type Bench } from './harness.js'
import { memoryFloor } from './replay.js'

const PROGRAM = join(root, 'packages/agent/bin/parapet-agent.js')
/** as the unit starts it: `packages/agent/src/program/unit.ts` */
const FLAGS = ['--max-semi-space-size=2', '--optimize-for-size']
const LINE = '198.51.100.7 - - [20/Nov/2026:08:40:00 +0000] "GET /first HTTP/1.1" 200 512 "-" "Mozilla/5.0"\n'
/** ms after the first line, and then how long memory is looked at; all the while it walks the disk for setuid files, in small steps */
const SETTLED = 5_000
const WATCHED = { whole: 30_000, gated: 10_000 }

const ticksPerSecond = 100
const cpuSeconds = (pid: number): number => {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const [user, system] = fields.split(' ').slice(11, 13)
  return (Number(user) + Number(system)) / ticksPerSecond
}
const megabytes = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** The most that it holds at any time of so many ms. */
const watch = async (pid: number, ms: number): Promise<number> => {
  let most = 0
  for (const end = performance.now() + ms; performance.now() < end; await sleep(100)) most = Math.max(most, megabytes(pid))
  return most
}

/** The agent with all its rules and host facts: from its start to the first line of a log at the control plane, and what it holds while nothing happens. */
export const agentIdle: Bench = {
  name: 'agent-idle',
  run: async ({ folder, gated }) => {
    const server = await startControlPlane()
    const [config, logs] = [join(folder, 'agent.yml'), join(folder, 'logs')]
    mkdirSync(logs)
    writeFileSync(config, `stateDir: ${join(folder, 'state')}\nname: web-1\nfiles: [{path: ${logs}/*.log, from: start}]\n`)
    writeFileSync(join(logs, 'access.log'), LINE)
    const start = (...words: readonly string[]) =>
      spawn(process.execPath, [...FLAGS, PROGRAM, ...words, '--config', config], {
        env: { ...process.env, PARAPET_TEST_BUILT: '1' },
        stdio: 'ignore',
      })
    try {
      const enrolment = start('enrol', '--server', server.url, '--token', ENROLMENT_TOKEN)
      const code = await new Promise((resolve) => enrolment.once('close', resolve))
      if (code !== 0) throw new Error(`enrol ended with ${String(code)}`)

      const began = performance.now()
      const agent = start('run')
      const pid = agent.pid ?? 0
      const ended = new Promise((resolve) => agent.once('close', resolve))
      try {
        const arrived = (): boolean => [...server.events.values()].some((event) => event['url.path'] === '/first')
        while (!arrived()) {
          if (agent.exitCode !== null || performance.now() - began > 60_000) throw new Error('the first line did not arrive')
          await sleep(10)
        }
        const [wall, cpu] = [performance.now() - began, cpuSeconds(pid)]
        await sleep(SETTLED)
        const held = await watch(pid, gated ? WATCHED.gated : WATCHED.whole)
        const seconds = Math.min(cpu, wall / 1_000)
        return {
          text: [
            `first line after ${(wall / 1_000).toFixed(2)} s, ${cpu.toFixed(2)} s of CPU`,
            `faults told by the control plane: ${server.faults.length}`,
          ],
          floors: [
            {
              what: 'from the start to the first line, by the smaller of wall and CPU time',
              measured: `${seconds.toFixed(2)} s`,
              bound: 'at most 1.5 s',
              kept: seconds <= 1.5,
              gate: { bound: 'at most 5 s', kept: seconds <= 5 },
            },
            memoryFloor({ peakMegabytes: held }, 120),
          ],
        }
      } finally {
        agent.kill('SIGTERM')
        await ended
      }
    } finally {
      await server.close()
    }
  },
}
