/** What is fed at once: before damage inside a piece, what the piece's earlier part gave is kept only where pieces are small. Bytes. */
const PIECE = 4_096

/** Bytes in order that are looked at before they are taken. */
export type GzipInput = {
  /** what comes next, valid until the next look; empty at the end only */
  readonly peek: () => Promise<Buffer>
  /** leaves out the first `count` bytes of what was looked at */
  readonly skip: (count: number) => void
  /** the next `count` bytes, fewer at the end; a copy */
  readonly take: (count: number) => Promise<Buffer>
  readonly close: () => Promise<void>
}

/** Reads chunks, each valid until the next one is asked for, in pieces. */
export const createGzipInput = (chunks: AsyncIterable<Buffer>): GzipInput => {
  const source = chunks[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  const peek = async (): Promise<Buffer> => {
    while (rest.length === 0) {
      const next = await source.next()
      if (next.done === true) break
      rest = next.value
    }
    return rest.subarray(0, PIECE)
  }
  const skip = (count: number): void => {
    rest = rest.subarray(count)
  }
  return {
    peek,
    skip,
    take: async (count) => {
      const taken: Buffer[] = []
      for (let left = count; left > 0;) {
        const piece = (await peek()).subarray(0, left)
        if (piece.length === 0) break
        taken.push(Buffer.from(piece))
        skip(piece.length)
        left -= piece.length
      }
      return Buffer.concat(taken)
    },
    close: async () => {
      await source.return?.()
    },
  }
}

const HAS_CHECKSUM = 2
const HAS_EXTRA = 4
const HAS_NAME = 8
const HAS_COMMENT = 16
const DEFLATE = 8

const skipText = async (input: GzipInput): Promise<void> => {
  for (let piece = await input.peek(); piece.length > 0; piece = await input.peek()) {
    const end = piece.indexOf(0)
    input.skip(end < 0 ? piece.length : end + 1)
    if (end >= 0) return
  }
}

/** Takes the header of a member whose first two bytes were taken; false for one that is cut or damaged. Source: RFC 1952, 2.3. */
export const takeHeader = async (input: GzipInput): Promise<boolean> => {
  const fixed = await input.take(8)
  const [method, flags = 0] = fixed
  if (fixed.length < 8 || method !== DEFLATE) return false
  if ((flags & HAS_EXTRA) !== 0) {
    const size = await input.take(2)
    if (size.length < 2) return false
    await input.take(size.readUInt16LE())
  }
  if ((flags & HAS_NAME) !== 0) await skipText(input)
  if ((flags & HAS_COMMENT) !== 0) await skipText(input)
  if ((flags & HAS_CHECKSUM) !== 0) await input.take(2)
  return true
}
