import { readTags } from '../seen/page.js'

/** Something that a page loads. `active`: it runs or decides how the page looks; passive are pictures and sounds. */
export type Subresource = {
  readonly url: URL
  readonly tag: string
  readonly active: boolean
  readonly integrity: boolean
  readonly script: boolean
}

const LOADED: Readonly<Record<string, string>> = {
  script: 'src',
  iframe: 'src',
  frame: 'src',
  embed: 'src',
  object: 'data',
  form: 'action',
  img: 'src',
  audio: 'src',
  video: 'src',
  source: 'src',
}
const PASSIVE: ReadonlySet<string> = new Set(['img', 'audio', 'video', 'source'])

/** What a page at this address loads and where its forms go, `<base>` counted in. */
export const subresourcesOf = (html: string, address: string): readonly Subresource[] => {
  const { tags } = readTags(html)
  const named = tags.find(({ name, attributes }) => name === 'base' && attributes['href'] !== undefined)?.attributes['href']
  const base = named !== undefined && URL.canParse(named, address) ? new URL(named, address).href : address
  return tags.flatMap(({ name, attributes }): Subresource[] => {
    const rel = (attributes['rel'] ?? '').toLowerCase().split(/\s+/)
    const style = name === 'link' && rel.includes('stylesheet')
    const module = name === 'link' && (rel.includes('modulepreload') || (rel.includes('preload') && attributes['as'] === 'script'))
    const attribute = style || module ? 'href' : LOADED[name]
    const value = attribute === undefined ? undefined : attributes[attribute]
    if (value === undefined || value.trim() === '' || !URL.canParse(value.trim(), base)) return []
    return [
      {
        url: new URL(value.trim(), base),
        tag: name,
        active: !PASSIVE.has(name),
        integrity: /\bsha(?:256|384|512)-[\w+/=]{20,}/.test(attributes['integrity'] ?? ''),
        script: name === 'script' || module,
      },
    ]
  })
}
