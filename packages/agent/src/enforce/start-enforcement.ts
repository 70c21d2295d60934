import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import type { Client } from '@parapet/client'
import { type Clock, type EnforcerReport, formatRange, isParapetError } from '@parapet/core'
import { type AllowList, createAllowList } from '@parapet/respond/enforcers'
import type { AgentConfig } from '../config/config.js'
import type { EnforceMode } from '../config/enforce-config.js'
import { replaceFile } from '../files/durable.js'
import { connectHelper, type Helper, helperCommand } from '../helper/connect.js'
import { findNginx } from '../helper/nginx.js'
import type { AgentLog } from '../program/agent-log.js'
import { followControlAddress } from './control-address.js'
import type { EnforcerDeps, HostEnforcer } from './enforcer.js'
import { openKeptDecisions } from './kept-decisions.js'
import { createNftablesEnforcer } from './nftables/enforcer.js'
import { createNginxEnforcer } from './nginx/enforcer.js'
import { createProtectedHere } from './protected-here.js'
import { readRelease } from './release.js'
import { readNetwork } from './routes.js'

/** The acting half of an agent. */
export type Enforcement = {
  reports: () => readonly EnforcerReport[]
  stop: () => Promise<void>
}

/** What {@link startEnforcement} takes beside the settings. */
export type EnforcementDeps = {
  readonly client: Pick<Client, 'followDecisions' | 'reportEnforcers'>
  readonly server: string
  readonly clock: Clock
  readonly log: AgentLog
  /** starts the helper where no socket of it is; by default an agent that runs as root starts the installed one */
  readonly helperCommand?: readonly [string, ...string[]] | undefined
  readonly configFile: string
}

/** Changes within this time are one transaction, ms; the first of them does not wait. */
const TICK_MS = 100
const IDLE_MS = 1_000
const RELEASE_MS = 500

/** A table of a time when this host enforced goes when it does no more; a file says that there may be one. */
const leaveTable = async (stateDir: string, mode: EnforceMode, helper: Helper, log: AgentLog): Promise<void> => {
  const marker = join(stateDir, 'enforcing')
  try {
    if (mode === 'enforce') replaceFile(marker, '')
    else if (existsSync(marker)) {
      await helper.ask({ verb: 'nft.remove' })
      rmSync(marker, { force: true })
      log('info', 'the table inet parapet was taken away: enforce.nftables.mode is not enforce any more')
    }
  } catch (error) {
    log('error', `the table inet parapet could not be taken away: ${isParapetError(error) ? (error.detail ?? error.code) : 'unknown'}`)
  }
}

/** Follows decisions, keeps them on disk, and has every enforcer of this host carry them out. Nothing runs where all of them are off. */
export const startEnforcement = (config: AgentConfig, deps: EnforcementDeps): Enforcement => {
  const { enforce, stateDir } = config
  const { clock, log } = deps
  const root = process.getuid?.() === 0
  const helper = connectHelper({
    socket: enforce.helper,
    command: deps.helperCommand ?? (root ? helperCommand(deps.configFile) : undefined),
  })
  const left = leaveTable(stateDir, enforce.nftables.mode, helper, log)
  const nginxMode = findNginx() === undefined && enforce.nginx.mode === 'observe' ? 'off' : enforce.nginx.mode
  if (enforce.nftables.mode === 'off' && nginxMode === 'off')
    return {
      reports: () => [],
      stop: async () => {
        await left
        await helper.close()
      },
    }
  const kept = openKeptDecisions(stateDir)
  const control = followControlAddress(deps.server)

  const here = createProtectedHere(enforce)
  let allowList: AllowList | undefined
  let allowText = ''
  const allowed = (): AllowList => {
    const groups = [...here(), { reason: 'the control plane', ranges: control.ranges() }]
    const text = groups.map(({ reason, ranges }) => `${reason}:${ranges.map(formatRange).join()}`).join('\n')
    if (allowList === undefined || text !== allowText) {
      allowText = text
      allowList = createAllowList(groups)
    }
    return allowList
  }
  const mayEnter = (): boolean =>
    enforce.allow.length > 0 || here().some(({ reason, ranges }) => reason === 'where an operator is signed in from' && ranges.length > 0)
  let released = { until: readRelease(stateDir), at: clock() }
  const releasedUntil = (): number => {
    if (clock() - released.at >= RELEASE_MS) released = { until: readRelease(stateDir), at: clock() }
    return released.until
  }

  const enforcers: HostEnforcer[] = []
  const reports = (): readonly EnforcerReport[] => enforcers.map((one) => one.report())
  let isChanged = true
  let isStopped = false
  let running: Promise<void> | undefined
  let lastAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  const run = async (): Promise<void> => {
    lastAt = performance.now()
    const changed = isChanged
    isChanged = false
    for (const one of enforcers) await one.tick(changed)
  }
  const wake = (): void => {
    if (isStopped || timer !== undefined) return
    timer = setTimeout(
      () => {
        timer = undefined
        if (running !== undefined) return wake()
        running = run().finally(() => {
          running = undefined
        })
      },
      Math.max(0, lastAt + TICK_MS - performance.now()),
    )
  }

  const given: EnforcerDeps = { decisions: kept.set, allowed, releasedUntil, helper, clock, log, reportNow: () => told.now() }
  if (enforce.nftables.mode !== 'off')
    enforcers.push(
      createNftablesEnforcer(enforce.nftables, { ...given, instance: config.name, inner: () => readNetwork().inner, mayEnter }),
    )
  if (nginxMode !== 'off') enforcers.push(createNginxEnforcer(enforce.nginx, { ...given, instance: config.name }))
  const told = deps.client.reportEnforcers(reports)
  const follower = deps.client.followDecisions(kept.set, {
    change: () => {
      isChanged = true
      wake()
    },
    state: (state) => {
      if (state.kind === 'away') log('warn', `decisions cannot be followed: ${state.reason}; those that are held stay in force`)
      else log('info', 'decisions are followed')
    },
  })
  const idle = setInterval(() => {
    kept.set.sweep(clock())
    wake()
  }, IDLE_MS)
  wake()

  return {
    reports,
    stop: async () => {
      isStopped = true
      clearInterval(idle)
      clearTimeout(timer)
      follower.stop()
      told.stop()
      control.stop()
      await running
      for (const one of enforcers) await one.stop()
      await left
      await helper.close()
      kept.close()
    },
  }
}
