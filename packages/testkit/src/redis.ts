import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { findProgram } from './needs.js'

/** A server of the machine's own Redis for one test, with nothing on disk that outlives it. */
export type TestRedis = {
  readonly url: string
  readonly port: number
  /** as on `kill -9` of the server: connections break, what was stored is gone */
  readonly kill: () => Promise<void>
  /** starts it again on the same port after {@link TestRedis.kill} */
  readonly restart: () => Promise<void>
  /** connections stay and nothing is answered, as with a machine that hangs */
  readonly pause: () => void
  readonly resume: () => void
  readonly stop: () => Promise<void>
}

const isReady = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('error', () => end(false))
    socket.once('data', (data) => end(data.toString().startsWith('+PONG')))
    socket.once('connect', () => socket.write('PING\r\n'))
  })

/** Starts `redis-server` on a free port of loopback, without persistence. `options` are more of its command line. */
export const startRedis = async (options: readonly string[] = []): Promise<TestRedis> => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-redis-'))
  const port = await freePort()
  const start = async (): Promise<ReturnType<typeof spawn>> => {
    const program = findProgram('redis-server') ?? 'redis-server'
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, ...options]
    const child = spawn(program, args, { stdio: 'ignore' })
    for (let tries = 0; !(await isReady(port)); tries++) {
      if (tries > 100 || child.exitCode !== null) throw new Error(`redis-server did not start on port ${port}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return child
  }
  let server = await start()
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const exit = once(server, 'exit')
    server.kill(signal)
    // a stopped process takes no other signal before it goes on
    server.kill('SIGCONT')
    await exit
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: () => end('SIGKILL'),
    restart: async () => {
      server = await start()
    },
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    stop: async () => {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
