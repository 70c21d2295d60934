import { setTimeout as sleep } from 'node:timers/promises'
import { formatDuration, ParapetError, parseDuration } from '@parapet/core'
import { writeRelease } from '../enforce/release.js'
import { hasTable, removeTable } from '../helper/remove-table.js'
import { type AgentIo, loadNamed } from './actions.js'

const USUAL = '24h'
const LONGEST_MS = 366 * 86_400_000
/** An agent that was in the middle of a transaction sees the release after this, ms. */
const SEEN_MS = 1_200

/**
 * The way back in from the console of a host: nothing is denied here any more, at once and for that time, whether agent, helper or control plane
 * live or not. `end` takes it back. Throws `PPT_USAGE`, `PPT_HELPER`.
 */
export const releaseAction = async (
  options: {
    readonly config?: string | undefined
    readonly for?: string | undefined
    readonly end?: boolean | undefined
    readonly json?: boolean | undefined
  },
  io: Pick<AgentIo, 'out'>,
): Promise<void> => {
  const say = (releasedUntil: number, words: string): void => io.out(options.json === true ? JSON.stringify({ releasedUntil }) : words)
  const { stateDir } = loadNamed(options.config)
  if (options.end === true) {
    writeRelease(stateDir, 0)
    say(0, 'The release is over: the agent holds its decisions again within a second, when it runs.')
    return
  }
  const text = options.for ?? USUAL
  const ms = parseDuration(text)
  if (ms === undefined || ms > LONGEST_MS)
    throw new ParapetError(
      'PPT_USAGE',
      `--for ${JSON.stringify(text.slice(0, 20))} is no duration of at most a year; write 30m, ${USUAL} or 7d`,
    )
  if (process.getuid?.() !== 0) throw new ParapetError('PPT_USAGE', 'changing the firewall needs root: sudo parapet-agent release')
  // first the file: an agent that lives must not put back what goes now
  const until = Date.now() + ms
  writeRelease(stateDir, until)
  removeTable()
  await sleep(SEEN_MS)
  if (hasTable()) removeTable()
  say(until, `Nothing is denied by the firewall of this host for ${formatDuration(ms)}. To end it sooner: parapet-agent release --end`)
}
