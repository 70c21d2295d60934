import { Parser } from 'htmlparser2'

/** An element as a browser would read it: its text is that of everything inside. */
export type ReadElement = {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly parents: readonly ReadElement[]
  text: string
}

/** Reads a page into its elements, in the order in which they begin. */
export const readHtml = (html: string): readonly ReadElement[] => {
  const all: ReadElement[] = []
  const open: ReadElement[] = []
  const parser = new Parser({
    onopentag: (name, attributes) => {
      const element = { name, attributes: { ...attributes }, parents: [...open], text: '' }
      all.push(element)
      open.push(element)
    },
    ontext: (text) => {
      for (const element of open) element.text += text
    },
    onclosetag: () => {
      open.pop()
    },
  })
  parser.end(html)
  return all
}
