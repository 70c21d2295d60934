import type { Clock } from '@parapet/core'
import type { AgentConfig } from '../config/config.js'
import { watchFacts } from '../facts/watch-facts.js'
import { dockerSource } from '../inputs/docker.js'
import type { Input } from '../inputs/input.js'
import { createJournalInput } from '../inputs/journald.js'
import { createRedisInput } from '../inputs/redis-acl.js'
import { createSyslogInput } from '../inputs/syslog.js'
import type { Pipeline } from '../pipeline/pipeline.js'
import { type FileSource, tailFiles } from '../tail/tail-files.js'
import type { Saved } from './checkpoint.js'

/** What inputs need. */
export type InputDeps = {
  readonly pipeline: Pipeline
  readonly clock: Clock
  readonly saved: Saved
  /** keeps all places now */
  readonly checkpoint: () => void
}

/** All inputs of an agent as one. `save` gives their places, taken in one step. */
export const openInputs = (config: AgentConfig, deps: InputDeps): Input & { readonly save: () => Omit<Saved, 'version'> } => {
  const { pipeline, clock, saved, checkpoint } = deps
  const sources: readonly FileSource[] = [...config.files, ...(config.docker.enabled ? [dockerSource(config.docker)] : [])]
  const files = tailFiles(sources, { pipeline, clock, states: saved.files, checkpoint })
  const journal = config.journald.enabled
    ? createJournalInput({ units: config.journald.units, cursor: saved.journalCursor }, { pipeline })
    : undefined
  const facts = config.facts.enabled ? watchFacts(config.facts, { pipeline, clock, saved }) : undefined
  const inputs: readonly Input[] = [
    createSyslogInput(config.syslog, { pipeline, clock }),
    files,
    ...config.redis.map((redis) => createRedisInput(redis, { pipeline, clock, checkpoint })),
    ...(journal === undefined ? [] : [journal]),
    ...(facts === undefined ? [] : [facts]),
  ]
  return {
    start: async () => {
      for (const input of inputs) await input.start()
    },
    stop: async () => {
      await Promise.all(inputs.map((input) => input.stop()))
    },
    save: () => ({
      files: files.save(),
      journalCursor: journal?.cursor() ?? saved.journalCursor,
      ...(facts?.save() ?? { facts: saved.facts, factCount: saved.factCount }),
    }),
  }
}
