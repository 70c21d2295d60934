import { spawn } from 'node:child_process'
import { type AddressRange, ParapetError } from '@parapet/core'
import {
  createAllowList,
  readOperations,
  readSets,
  renderTransaction,
  TABLE,
  type AllowGroup,
  type TypedOperation,
} from '@parapet/respond/enforcers'
import type { NftApplied, NftHeld, NftLook } from './protocol.js'
import { findNft, NFT_ENVIRONMENT, REMOVE_TABLE } from './remove-table.js'

/** What the helper lets the agent do to the table, as the owner of the host set it: read by the helper itself. */
export type NftPermits = { readonly enforce: boolean; readonly lockdown: boolean; readonly most: number }

/** The verbs of nftables. All reject with `PPT_HELPER`, or `PPT_ADDRESS_INVALID` when an address is none. */
export type NftVerbs = {
  apply: (operations: unknown) => Promise<NftApplied>
  look: () => Promise<NftLook>
  read: () => Promise<NftHeld>
  remove: () => Promise<void>
}

const TIMEOUT_MS = 20_000
const MOST_LISTING = 268_435_456
const MOST_SAID = 2_048

type Run = { readonly code: number | null; readonly out: string; readonly said: string }

/** Runs nft without a shell and with an empty environment; what it reads is `input`. */
const runNft = (args: readonly string[], input: string): Promise<Run> =>
  new Promise((resolve, reject) => {
    const program = findNft()
    if (program === undefined) {
      reject(new ParapetError('PPT_HELPER', 'this host has no nft; install the package nftables'))
      return
    }
    const child = spawn(program, [...args], { env: NFT_ENVIRONMENT, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' })
    const out: Buffer[] = []
    let size = 0
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MOST_LISTING) child.kill('SIGKILL')
      else out.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(0, MOST_SAID)
    })
    child.once('error', (error) => reject(new ParapetError('PPT_HELPER', 'nft cannot be started', { cause: error })))
    child.once('close', (code) => resolve({ code, out: Buffer.concat(out).toString('utf8'), said }))
    // nft may end before it has read everything: then its exit code says so
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })

const failed = ({ code, said }: Run): ParapetError =>
  new ParapetError('PPT_HELPER', `nft ended with ${code ?? 'a signal'}: ${said.split('\n', 1)[0]?.slice(0, 300) ?? ''}`)

type Rules = { readonly text: string; readonly handles: readonly (readonly [chain: string, handle: number])[] }

/** The rules of the table as nft tells them, without what differs from one making to the next. */
const rulesOf = (json: string): Rules => {
  const { nftables } = JSON.parse(json) as {
    nftables: readonly { rule?: { chain: string; handle: number; expr: unknown }; chain?: object }[]
  }
  const rules = nftables.flatMap(({ rule }) => (rule === undefined ? [] : [rule]))
  const chains = nftables.flatMap(({ chain }) => (chain === undefined ? [] : [{ ...chain, handle: 0 }]))
  return {
    text: JSON.stringify([chains, rules.map(({ chain, expr }) => [chain, expr])]),
    handles: rules.map(({ chain, handle }) => [chain, handle]),
  }
}

/** Asks whether all that was made is there, in a transaction that is only checked: nothing is read, however much the sets hold. */
const lookText = (handles: Rules['handles']): string =>
  [
    `delete element ${TABLE} ban4 { 255.255.255.255 }`,
    `delete element ${TABLE} ban6 { ffff:ffff:ffff:ffff:: }`,
    `delete element ${TABLE} range4 { 255.255.255.255 }`,
    `delete element ${TABLE} range6 { ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff }`,
    ...handles.map(([chain, handle]) => `delete rule ${TABLE} ${chain} handle ${handle}`),
    '',
  ].join('\n')

/**
 * The verbs of nftables. `protectedHere` is asked by the helper itself: whatever the agent sends, these are in the allow set, which is looked
 * at first, and never in a set of bans.
 */
export const createNftVerbs = (permits: NftPermits, protectedHere: () => readonly AllowGroup[]): NftVerbs => {
  /** the rules as they were after the last `build`; another hand's change shows by a difference */
  let made: Rules | undefined
  const list = (): Promise<Run> => runNft(['-j', 'list', 'table', ...TABLE.split(' ')], '')

  /** The operations without what is protected here, and with the protected ones allowed. */
  const guarded = (
    operations: readonly TypedOperation[],
  ): { readonly operations: readonly TypedOperation[]; readonly refused: readonly string[] } => {
    const groups = protectedHere()
    const allowed = createAllowList(groups)
    const refused: string[] = []
    const mayDeny = ({ range }: { readonly range: AddressRange }): boolean => {
      const reason = allowed.reasonFor(range)
      if (reason !== undefined && refused.length < 20) refused.push(reason)
      return reason === undefined
    }
    const withOurs = (ranges: readonly AddressRange[]): TypedOperation => ({
      op: 'allow',
      ranges: createAllowList([...groups, { reason: '', ranges }]).ranges,
    })
    const kept = operations.flatMap((one): readonly TypedOperation[] => {
      if (one.op === 'allow') return [withOurs(one.ranges)]
      if (one.op === 'build') return [one, withOurs([])]
      if (one.op === 'ranges') return [{ ...one, elements: one.elements.filter(mayDeny) }]
      if (one.op === 'add' || one.op === 'renew') return [{ ...one, elements: one.elements.filter(mayDeny) }]
      return [one]
    })
    return { operations: kept, refused }
  }

  return {
    apply: async (value) => {
      if (!permits.enforce) throw new ParapetError('PPT_HELPER', 'enforce.nftables.mode is not enforce on this host')
      const given = readOperations(value, Date.now())
      if (!permits.lockdown && given.some((one) => one.op === 'open' && one.ms !== null))
        throw new ParapetError('PPT_HELPER', 'enforce.nftables.lockdown is off on this host')
      const { operations, refused } = guarded(given)
      if (given.some(({ op }) => op === 'build')) made = undefined
      const from = performance.now()
      const run = await runNft(['-f', '-'], renderTransaction(operations, permits.most))
      if (run.code !== 0) throw failed(run)
      return { refused, ms: Math.round(performance.now() - from) }
    },
    look: async () => {
      if (made === undefined) {
        const run = await list()
        if (run.code !== 0) return { whole: false }
        made = rulesOf(run.out)
      }
      return { whole: (await runNft(['-c', '-f', '-'], lookText(made.handles))).code === 0 }
    },
    read: async () => {
      const run = await list()
      if (run.code !== 0) return { sets: null }
      const rules = rulesOf(run.out)
      made ??= rules
      return { sets: rules.text === made.text ? readSets(run.out) : null }
    },
    remove: async () => {
      made = undefined
      const run = await runNft(['-f', '-'], REMOVE_TABLE)
      if (run.code !== 0) throw failed(run)
    },
  }
}
