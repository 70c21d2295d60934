import { ParapetError } from '@parapet/core'

/** One field of a message: its number and what it holds. Varints and fixed numbers come as `bigint`, everything with a length as bytes. */
export type ProtoField = { readonly number: number; readonly value: bigint | Uint8Array }

const malformed = (what: string): ParapetError => new ParapetError('PPT_BODY_MALFORMED', `protobuf: ${what}`)

/**
 * Reads the fields of one protobuf message in order. Bounded by the bytes it is given; a length never reaches beyond them. Throws
 * `PPT_BODY_MALFORMED`. Source: Protocol Buffers encoding.
 */
export const readFields = function* (bytes: Uint8Array): Generator<ProtoField, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw malformed('it ends within a number')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw malformed('a number is longer than ten bytes')
  }
  const need = (count: number): void => {
    if (count > bytes.length - at) throw malformed('it ends within a field')
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const number = Math.floor(key / 8)
    if (number < 1 || number > 536_870_911) throw malformed('a field has no number')
    switch (key % 8) {
      case 0:
        yield { number, value: varint() }
        break
      case 1:
        need(8)
        yield { number, value: view.getBigUint64(at, true) }
        at += 8
        break
      case 2: {
        const length = varint()
        if (length > BigInt(bytes.length)) throw malformed('it ends within a field')
        need(Number(length))
        yield { number, value: bytes.subarray(at, at + Number(length)) }
        at += Number(length)
        break
      }
      case 5:
        need(4)
        yield { number, value: BigInt(view.getUint32(at, true)) }
        at += 4
        break
      default:
        throw malformed('a field is of a kind that is not used')
    }
  }
}

/** A varint field as bytes. */
export const varintField = (number: number, value: number): Uint8Array =>
  Uint8Array.from([...varintBytes(number * 8), ...varintBytes(value)])

/** A field with a length as bytes. */
export const bytesField = (number: number, value: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from([...varintBytes(number * 8 + 2), ...varintBytes(value.length)]), value])

const varintBytes = (value: number): number[] => {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest % 128) + 128)
  out.push(rest)
  return out
}
