import { type Clock, randomToken } from '@parapet/core'
import type { Pipeline } from '../pipeline/pipeline.js'

/** What an agent tells about itself as events: dataset `host.agent`. */
export type OwnEvents = {
  started: (damaged: boolean) => void
  stopped: () => void
  /** tells what was dropped and who fell silent since the last look */
  look: (spool: { readonly dropped: number; readonly damagedBytes: number }) => void
}

/** Builds it; it has a channel of its own. */
export const createOwnEvents = (
  pipeline: Pick<Pipeline, 'open' | 'channels'>,
  options: { readonly clock: Clock; readonly startedAt: number; readonly silentAfterMs: number },
): OwnEvents => {
  const { clock } = options
  const channel = pipeline.open('agent', 'auto')
  const origin = { id: `agent:${randomToken(9)}`, born: options.startedAt }
  let count = 0
  let damaged = 0
  const told = new Map<string, number>()
  const silent = new Set<string>()

  const tell = (
    action: string,
    outcome: 'success' | 'failure' | 'unknown',
    message: string,
    more: Readonly<Record<string, string | number>> = {},
  ): void => {
    const event = {
      '@timestamp': clock(),
      'event.category': 'host',
      'event.action': action,
      'event.outcome': outcome,
      'event.dataset': 'host.agent',
      message,
      ...more,
    }
    channel.events([{ event, key: String(count++) }], origin)
  }
  const drops = (name: string, dropped: number, why: string | null): void => {
    const more = dropped - (told.get(name) ?? 0)
    if (more <= 0) return
    told.set(name, dropped)
    tell('lines-dropped', 'failure', `${more} lines of ${name} were lost: ${why ?? 'no reason is known'}`, {
      'parapet.dropped': more,
      'parapet.input': name,
    })
  }

  return {
    started: (isDamaged) =>
      tell('agent-started', isDamaged ? 'failure' : 'success', isDamaged ? 'the kept positions could not be read' : 'the agent started'),
    stopped: () => tell('agent-stopped', 'success', 'the agent was stopped'),
    look: (spool) => {
      for (const { name, counts } of pipeline.channels()) {
        drops(name, counts.dropped, counts.droppedWhy)
        if (name === channel.name || counts.lastEventAt === null) continue
        const isSilent = clock() - counts.lastEventAt > options.silentAfterMs
        if (!isSilent) silent.delete(name)
        else if (!silent.has(name)) {
          silent.add(name)
          tell('input-silent', 'unknown', `${name} has brought nothing since ${new Date(counts.lastEventAt).toISOString()}`, {
            'parapet.input': name,
          })
        }
      }
      drops('spool', spool.dropped, 'the spool was full or what waited was too old')
      if (spool.damagedBytes > damaged) tell('lines-dropped', 'failure', `${spool.damagedBytes - damaged} bytes of the spool were damaged`)
      damaged = spool.damagedBytes
    },
  }
}
