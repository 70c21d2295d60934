/** Something that brings lines or events until it is stopped. What it brought is in the pipeline when `stop` resolves. */
export type Input = { readonly start: () => void | Promise<void>; readonly stop: () => Promise<void> }
