import { Parser } from 'htmlparser2'

const MOST_FIELDS = 50
const LONGEST_FIELD = 4_096

/** Where a form's `action` leads, as a path without its query; relative ones start at the page. */
const actionPath = (action: string | undefined, page: string): string | undefined => {
  try {
    return new URL(action === undefined || action === '' ? page : action, `http://target.invalid${page}`).pathname
  } catch {
    return undefined
  }
}

/**
 * The hidden fields of a page's form that posts to `path`, such as a token against cross-site requests; none where there is no such form.
 */
export const hiddenFields = (html: string, page: string, path: string): Readonly<Record<string, string>> => {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>
  let inside = false
  let done = false
  const wanted = actionPath(path, page)
  const parser = new Parser({
    onopentag: (name, attributes) => {
      if (done) return
      if (name === 'form') inside = actionPath(attributes['action'], page) === wanted
      else if (inside && name === 'input' && attributes['type']?.toLowerCase() === 'hidden' && attributes['name'] !== undefined) {
        const value = attributes['value'] ?? ''
        if (value.length <= LONGEST_FIELD && Object.keys(fields).length < MOST_FIELDS) fields[attributes['name']] = value
      }
    },
    onclosetag: (name) => {
      if (name !== 'form' || !inside) return
      inside = false
      done = true
    },
  })
  parser.end(html)
  return { ...fields }
}
