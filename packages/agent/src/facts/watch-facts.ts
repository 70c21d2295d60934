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
  let timer: NodeJS.Timeout | undefined
  let processTimer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let stopped = false

  const channelOf = (name: string): Channel => {
    const channel = channels.get(name) ?? pipeline.open(`facts:${name}`, 'auto')
    channels.set(name, channel)
    return channel
  }
  const look = async (collector: Collector): Promise<void> => {
    const { name, dataset } = collector
    const channel = channelOf(name)
    try {
      const facts = await collector.collect()
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
  const round = async (all: boolean): Promise<void> => {
    for (const collector of collectors) {
      if (stopped || !pipeline.hasRoom()) return
      if (!all && (dueAt.get(collector.name) ?? 0) > clock()) continue
      dueAt.set(collector.name, clock() + collector.everyMs)
      await look(collector)
    }
  }
  const processes = createProcessWatch(root, config.webUsers, clock)
  const started = clock()
  const lookAtProcesses = (): void => channelOf('processes').events(processes.look(), { id: `processes:${started}`, born: started })

  return {
    start: () => {
      lookAtProcesses()
      processTimer = setInterval(lookAtProcesses, PROCESS_MS)
      const next = async (): Promise<void> => {
        await round(false)
        if (!stopped) timer = setTimeout(go, 1_000)
      }
      const go = (): void => {
        running = next()
      }
      go()
    },
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      clearInterval(processTimer)
      await running
    },
    save: () => ({ facts: Object.fromEntries(states), factCount }),
    lookNow: async () => {
      await running
      lookAtProcesses()
      await round(true)
    },
  }
}
