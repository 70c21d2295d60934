import type { Clock, SecurityEvent } from '@parapet/core'
import type { AgentConfig } from '../config/config.js'
import type { Input } from '../inputs/input.js'
import type { Channel } from '../pipeline/channel.js'
import type { Pipeline } from '../pipeline/pipeline.js'
import { type Collector, compareFacts, type FactFields } from './fact.js'
import { createFileCollectors } from './files.js'
import { createProcessWatch } from './processes.js'
import { createSetuidCollector } from './setuid.js'
import { createConnectionCollector, createListenerCollector } from './sockets.js'

/** What was last seen of a host, by dataset. */
export type FactStates = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The facts of a host as an input; `save` gives what was last seen, and how many changes were told so far. */
export type FactInput = Input & {
  readonly save: () => { readonly facts: FactStates; readonly factCount: number }
  /** looks at everything now; for tests and `--once` */
  readonly lookNow: () => Promise<void>
}

const PROCESS_MS = 2_000
const LOOK_MS = 1_000

const sentence = (dataset: string, action: string, fields: FactFields): string => {
  const thing =
    fields['file.path'] ??
    `${fields['network.transport'] ?? ''} ${fields['destination.ip'] ?? ''} ${fields['destination.port'] ?? ''}`.trim()
  const by = fields['process.name'] === undefined ? '' : ` by ${fields['process.name']}`
  return `${dataset} ${action}: ${thing}${by}`
}

/** Watches the facts that the settings ask for. The first look of each kind learns, and tells nothing. */
export const watchFacts = (
  config: AgentConfig['facts'],
  deps: {
    readonly pipeline: Pick<Pipeline, 'open' | 'hasRoom'>
    readonly clock: Clock
    readonly saved: { readonly facts: FactStates; readonly factCount: number }
  },
): FactInput => {
  const { pipeline, clock, saved } = deps
  const { root } = config
  const collectors: readonly Collector[] = [
    createListenerCollector(root, config.everySeconds * 1_000),
    createConnectionCollector(root, config.everySeconds * 1_000),
    ...createFileCollectors(root, config.filesEverySeconds * 1_000, config.files),
    createSetuidCollector(root, config.setuidPaths, config.setuidEveryMinutes * 60_000),
  ]
  const states = new Map(Object.entries(saved.facts))
  let factCount = saved.factCount
  const channels = new Map<string, Channel>()
  const dueAt = new Map<string, number>()
  const stopping = new AbortController()
  const timers: NodeJS.Timeout[] = []
  /** looks that go on: the walk over a large disk takes minutes, and holds up no other */
  const running = new Map<string, Promise<void>>()

  const channelOf = (name: string): Channel => {
    const channel = channels.get(name) ?? pipeline.open(`facts:${name}`, 'auto')
    channels.set(name, channel)
    return channel
  }
  const look = async (collector: Collector): Promise<void> => {
    const { name, dataset } = collector
    const channel = channelOf(name)
    try {
      const facts = await collector.collect(stopping.signal)
      if (stopping.signal.aborted) return
      const { changes, after } = compareFacts(collector, states.get(dataset), facts)
      // in one step with what is kept: a change is told once
      channel.events(
        changes.map(({ action, key, fields }) => {
          const event: SecurityEvent = {
            '@timestamp': clock(),
            'event.category': collector.category,
            'event.action': action,
            'event.outcome': 'success',
            'event.dataset': dataset,
            message: sentence(dataset, action, fields),
            ...fields,
          }
          return { event, key: JSON.stringify([dataset, action, key, fields, factCount++]) }
        }),
        { id: 'facts', born: 0 },
      )
      states.set(dataset, after)
      channel.counts.lines = facts.size
      channel.counts.error = null
    } catch (error) {
      channel.counts.error = error instanceof Error ? error.message.slice(0, 200) : 'cannot be looked at'
    }
  }
  const lookAtDue = (all: boolean): void => {
    for (const collector of collectors) {
      const { name, everyMs } = collector
      if (stopping.signal.aborted || !pipeline.hasRoom()) return
      if (running.has(name) || (!all && (dueAt.get(name) ?? 0) > clock())) continue
      dueAt.set(name, clock() + everyMs)
      running.set(
        name,
        look(collector).finally(() => running.delete(name)),
      )
    }
  }
  const settled = async (): Promise<void> => {
    await Promise.all(running.values())
  }
  const processes = createProcessWatch(root, config.webUsers, clock)
  const started = clock()
  const lookAtProcesses = (): void => channelOf('processes').events(processes.look(), { id: `processes:${started}`, born: started })

  return {
    start: () => {
      lookAtProcesses()
      lookAtDue(false)
      timers.push(
        setInterval(lookAtProcesses, PROCESS_MS),
        setInterval(() => lookAtDue(false), LOOK_MS),
      )
    },
    stop: async () => {
      stopping.abort()
      for (const timer of timers) clearInterval(timer)
      await settled()
    },
    save: () => ({ facts: Object.fromEntries(states), factCount }),
    lookNow: async () => {
      await settled()
      lookAtProcesses()
      lookAtDue(true)
      await settled()
    },
  }
}
