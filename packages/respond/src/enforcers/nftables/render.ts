import { type AddressRange, formatAddress, formatRange } from '@parapet/core'
import type { TypedElement, TypedOperation } from './read-operations.js'
import { CANARIES, TABLE, tableText } from './table.js'

type SetName = 'allow' | 'open' | 'range'

const lasting = ({ range, ms }: TypedElement, text: (range: AddressRange) => string): string => `${text(range)} timeout ${ms}ms`

/** A /64 is held by its first address: packets are compared by theirs, masked. */
const host = ({ address }: AddressRange): string => formatAddress(address)

const element = (verb: 'add' | 'delete', set: string, elements: readonly string[]): string =>
  elements.length === 0 ? '' : `${verb} element ${TABLE} ${set} { ${elements.join(', ')} }\n`

/** Replaces what both families of a set hold. */
const whole = (name: SetName, canaries: boolean, elements: readonly { readonly range: AddressRange; readonly text: string }[]): string =>
  ([4, 6] as const)
    .map((family) => {
      const set = `${name}${family}` as const
      const held = elements.filter(({ range }) => range.address.family === family).map(({ text }) => text)
      const canary = canaries ? [CANARIES[`range${family}`]] : []
      return `flush set ${TABLE} ${set}\n${element('add', set, [...canary, ...held])}`
    })
    .join('')

const plain = (ranges: readonly AddressRange[]): { readonly range: AddressRange; readonly text: string }[] =>
  ranges.map((range) => ({ range, text: formatRange(range) }))

const one = (operation: TypedOperation, most: number): string => {
  switch (operation.op) {
    case 'build':
      return tableText(most)
    case 'add':
      return element(
        'add',
        operation.set,
        operation.elements.map((given) => lasting(given, host)),
      )
    case 'renew': {
      // the timeout of an element that is there cannot be changed; deleting one that has just lapsed would fail all, so it is there first
      const timed = operation.elements.map((given) => lasting(given, host))
      const names = operation.elements.map(({ range }) => host(range))
      return element('add', operation.set, timed) + element('delete', operation.set, names) + element('add', operation.set, timed)
    }
    case 'remove': {
      const names = operation.ranges.map(host)
      return (
        element(
          'add',
          operation.set,
          names.map((name) => `${name} timeout 60s`),
        ) + element('delete', operation.set, names)
      )
    }
    case 'empty':
      return `flush set ${TABLE} ${operation.set}\n${element('add', operation.set, [CANARIES[operation.set]])}`
    case 'ranges':
      return whole(
        'range',
        true,
        operation.elements.map((given) => ({ range: given.range, text: lasting(given, formatRange) })),
      )
    case 'allow':
      return whole('allow', false, plain(operation.ranges))
    case 'open':
    default: {
      const { ms } = operation
      const switched = `flush set ${TABLE} lockdown\n`
      return (
        whole('open', false, plain(operation.ranges)) +
        switched +
        (ms === null ? '' : element('add', 'lockdown', [`ipv4 timeout ${ms}ms`, `ipv6 timeout ${ms}ms`]))
      )
    }
  }
}

/** The text of one transaction for `nft -f -`. Only keywords of ours and addresses written by core are in it. `most` bounds the sets of hosts. */
export const renderTransaction = (operations: readonly TypedOperation[], most: number): string =>
  operations.map((operation) => one(operation, most)).join('')
