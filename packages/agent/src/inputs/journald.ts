import { type ChildProcess, spawn } from 'node:child_process'
import { createJournalDecoder, journalEvent } from '@parapet/detect'
import type { Pipeline } from '../pipeline/pipeline.js'
import type { Input } from './input.js'

/** The journal as an input; `cursor` is the place after the last entry that was taken. */
export type JournalInput = Input & { readonly cursor: () => string | null }

const FIRST_WAIT_MS = 1_000
const MOST_WAIT_MS = 60_000

/**
 * Follows systemd's journal with `journalctl -f -o export` as a child process, from the cursor of an earlier run on, else from now on. When it
 * ends it is started again, with growing pauses. Source: systemd, Journal Export Formats; journalctl(1).
 */
export const createJournalInput = (
  options: { readonly units: readonly string[]; readonly cursor: string | null; readonly command?: string },
  deps: { readonly pipeline: Pick<Pipeline, 'open' | 'hasRoom' | 'room'> },
): JournalInput => {
  const { pipeline } = deps
  const channel = pipeline.open('journald', 'journal.json')
  let { cursor } = options
  let child: ChildProcess | undefined
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let wait = FIRST_WAIT_MS

  const run = (): void => {
    const decoder = createJournalDecoder()
    const from = cursor === null ? ['--lines=0'] : [`--after-cursor=${cursor}`]
    const running = spawn(
      options.command ?? 'journalctl',
      ['--follow', '--output=export', '--no-pager', ...from, ...options.units.map((unit) => `--unit=${unit}`)],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, LC_ALL: 'C' },
      },
    )
    child = running
    let said = ''
    running.stderr.on('data', (bytes: Buffer) => {
      said = (said + bytes.toString('utf8')).slice(-300)
    })
    running.stdout.on('data', (bytes: Buffer) => {
      wait = FIRST_WAIT_MS
      channel.counts.error = null
      for (const entry of decoder.push(bytes)) {
        const place = entry.get('__CURSOR')
        channel.counts.lines++
        const event = journalEvent(entry)
        // the cursor names an entry for ever: with it as its id, an entry that is read again is no second event
        if (event !== undefined && place !== undefined)
          channel.events([{ event, key: place }], { id: 'journald', born: event['@timestamp'] })
        else channel.counts.unknown++
        cursor = place ?? cursor
      }
      if (pipeline.hasRoom()) return
      running.stdout.pause()
      void pipeline.room().then(() => running.stdout.resume())
    })
    const again = (why: string): void => {
      if (child !== running) return
      child = undefined
      if (stopped) return
      channel.counts.error = why
      timer = setTimeout(run, wait)
      wait = Math.min(MOST_WAIT_MS, wait * 2)
    }
    running.once('error', (error) => again(error.message))
    running.once('close', (code) => {
      // a cursor of a journal that is gone: what there is now is read from its start
      if (code !== 0 && cursor !== null && /cursor/i.test(said)) cursor = null
      again(`journalctl ended (${code ?? 'by a signal'}) ${said.split('\n', 1)[0] ?? ''}`.trim())
    })
  }
  return {
    start: run,
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      const running = child
      if (running === undefined || running.exitCode !== null) return
      await new Promise<void>((resolve) => {
        running.once('close', () => resolve())
        running.kill('SIGTERM')
        setTimeout(() => running.kill('SIGKILL'), 2_000).unref()
      })
    },
    cursor: () => cursor,
  }
}
