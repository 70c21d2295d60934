import { parseRange } from '@parapet/core'

/** What a record may hold. Whole numbers become unsigned 32-bit integers, others doubles. */
export type MmdbValue = string | number | boolean | readonly MmdbValue[] | { readonly [name: string]: MmdbValue }

const control = (type: number, size: number): Buffer => {
  const [first, more] =
    size < 29
      ? [size, Buffer.alloc(0)]
      : size < 285
        ? [29, Buffer.from([size - 29])]
        : [30, Buffer.from([(size - 285) >> 8, (size - 285) & 255])]
  return type <= 7 ? Buffer.concat([Buffer.from([(type << 5) | first]), more]) : Buffer.concat([Buffer.from([first, type - 7]), more])
}

const encode = (value: MmdbValue): Buffer => {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'boolean') return control(14, value ? 1 : 0)
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([control(6, 4), bytes])
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value)
    return Buffer.concat([control(3, 8), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)])
  const entries = Object.entries(value)
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([name, held]) => [encode(name), encode(held)])])
}

type Node = [Node | number | undefined, Node | number | undefined]

const bitsOf = (range: string, ipVersion: 4 | 6): string => {
  const parsed = parseRange(range)
  if (parsed === undefined) throw new Error(`no range: ${range}`)
  const { address, prefix } = parsed
  const words = address.family === 4 ? [address.word] : address.words
  const bits = words
    .map((word) => word.toString(2).padStart(32, '0'))
    .join('')
    .slice(0, prefix)
  return address.family === 4 && ipVersion === 6 ? '0'.repeat(96) + bits : bits
}

/** Writes a MaxMind DB of version 2, so that tests need no download. Ranges must not hold each other. `recordSize` in bits. */
export const writeMmdb = (
  records: Readonly<Record<string, MmdbValue>>,
  options: { readonly type?: string; readonly ipVersion?: 4 | 6; readonly recordSize?: 24 | 28 | 32; readonly builtAt?: number } = {},
): Buffer => {
  const { type = 'Test-City', ipVersion = 6, recordSize = 24, builtAt = 1_790_000_000_000 } = options
  const root: Node = [undefined, undefined]
  const data: Buffer[] = []
  let length = 0
  for (const [range, value] of Object.entries(records)) {
    const bits = bitsOf(range, ipVersion)
    let node = root
    for (const bit of bits.slice(0, -1)) {
      const side = Number(bit)
      const next = node[side]
      if (typeof next === 'number') throw new Error(`${range} lies within another`)
      node = next ?? (node[side] = [undefined, undefined])
    }
    node[Number(bits.at(-1))] = length
    const encoded = encode(value)
    data.push(encoded)
    length += encoded.length
  }
  const nodes: Node[] = []
  const number = new Map<Node, number>()
  const walk = (node: Node): void => {
    number.set(node, nodes.length)
    nodes.push(node)
    for (const side of node) if (Array.isArray(side)) walk(side)
  }
  walk(root)
  const pointer = (side: Node | number | undefined): number =>
    side === undefined ? nodes.length : typeof side === 'number' ? nodes.length + 16 + side : (number.get(side) ?? 0)
  const tree = Buffer.concat(
    nodes.map(([left, right]) => {
      const [l, r] = [pointer(left), pointer(right)]
      const bytes = Buffer.alloc(recordSize / 4)
      if (recordSize === 28) {
        bytes.writeUIntBE(l & 0xffffff, 0, 3)
        bytes[3] = ((l >>> 24) << 4) | (r >>> 24)
        bytes.writeUIntBE(r & 0xffffff, 4, 3)
      } else {
        bytes.writeUIntBE(l, 0, recordSize / 8)
        bytes.writeUIntBE(r, recordSize / 8, recordSize / 8)
      }
      return bytes
    }),
  )
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: Math.floor(builtAt / 1_000),
    database_type: type,
    description: { en: 'made for a test' },
    ip_version: ipVersion,
    languages: ['en'],
    node_count: nodes.length,
    record_size: recordSize,
  })
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('\u00ab\u00cd\u00efMaxMind.com', 'latin1'), metadata])
}
