/**
 * The first bytes of an input, at least `count` where it has as many, and all of it from its start. Chunks stay valid until the next. Never
 * throws: an error of the input comes behind the bytes that were before it.
 */
export const lookAtHead = async (
  chunks: AsyncGenerator<Buffer, void, undefined>,
  count: number,
): Promise<{ readonly head: Buffer; readonly all: AsyncGenerator<Buffer, void, undefined> }> => {
  let head: Buffer = Buffer.alloc(0)
  let failure: { readonly error: unknown } | undefined
  try {
    // a pipe may deliver its first byte alone
    while (head.length < count) {
      const first = await chunks.next()
      if (first.done === true) break
      head = head.length === 0 ? first.value : Buffer.concat([head, first.value])
      // the next read may use the same memory
      if (head.length < count) head = Buffer.from(head)
    }
  } catch (error) {
    failure = { error }
  }
  return { head, all: chain(head, chunks, failure) }
}

const chain = async function* (
  head: Buffer,
  rest: AsyncGenerator<Buffer, void, undefined>,
  failure: { readonly error: unknown } | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    if (head.length > 0) yield head
    if (failure !== undefined) throw failure.error
    yield* rest
  } finally {
    // a reader that stops at the head has not touched the rest: its file would stay open
    await rest.return()
  }
}
