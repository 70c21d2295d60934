const MASK = 0xffff_ffff_ffff_ffffn
const RATE = 136

const rotate = (value: bigint, by: number): bigint => (by === 0 ? value : ((value << BigInt(by)) | (value >> BigInt(64 - by))) & MASK)

/** One bit of the round constants' shift register. */
const createConstants = (): readonly bigint[] => {
  let register = 1
  return Array.from({ length: 24 }, () => {
    let constant = 0n
    for (let j = 0; j <= 6; j++) {
      if ((register & 1) === 1) constant |= 1n << BigInt(2 ** j - 1)
      register = (register << 1) ^ ((register & 0x80) !== 0 ? 0x171 : 0)
    }
    return constant
  })
}

const CONSTANTS = createConstants()

const permute = (lanes: bigint[]): void => {
  const lane = (x: number, y: number): bigint => lanes[(x % 5) + 5 * (y % 5)] ?? 0n
  for (const constant of CONSTANTS) {
    const columns = [0, 1, 2, 3, 4].map((x) => lane(x, 0) ^ lane(x, 1) ^ lane(x, 2) ^ lane(x, 3) ^ lane(x, 4))
    for (let i = 0; i < 25; i++) lanes[i] = (lanes[i] ?? 0n) ^ (columns[(i + 4) % 5] ?? 0n) ^ rotate(columns[(i + 1) % 5] ?? 0n, 1)
    let [x, y] = [1, 0]
    let moved = lane(1, 0)
    for (let step = 0; step < 24; step++) {
      ;[x, y] = [y, (2 * x + 3 * y) % 5]
      const next = lane(x, y)
      lanes[x + 5 * y] = rotate(moved, (((step + 1) * (step + 2)) / 2) % 64)
      moved = next
    }
    for (let row = 0; row < 25; row += 5) {
      const old = lanes.slice(row, row + 5)
      for (let i = 0; i < 5; i++) lanes[row + i] = (old[i] ?? 0n) ^ (~(old[(i + 1) % 5] ?? 0n) & MASK & (old[(i + 2) % 5] ?? 0n))
    }
    lanes[0] = (lanes[0] ?? 0n) ^ constant
  }
}

/** Keccak-256 with the padding of the submission, as Ethereum uses it (not SHA3-256). Source: "The Keccak reference", 2011. For short inputs. */
export const keccak256 = (input: Uint8Array): Buffer => {
  const padded = Buffer.alloc((Math.floor(input.length / RATE) + 1) * RATE)
  padded.set(input)
  padded[input.length] = (padded[input.length] ?? 0) | 0x01
  padded[padded.length - 1] = (padded[padded.length - 1] ?? 0) | 0x80
  const lanes: bigint[] = Array.from({ length: 25 }, () => 0n)
  for (let block = 0; block < padded.length; block += RATE) {
    for (let i = 0; i < RATE / 8; i++) lanes[i] = (lanes[i] ?? 0n) ^ padded.readBigUInt64LE(block + 8 * i)
    permute(lanes)
  }
  const out = Buffer.alloc(32)
  for (let i = 0; i < 4; i++) out.writeBigUInt64LE(lanes[i] ?? 0n, 8 * i)
  return out
}
