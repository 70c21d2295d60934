import { useState } from 'react'

import { count } from '../lib/format.js'
import { splitHostile } from '../lib/hostile.js'

type Props = {
  readonly text: string
  /** code points before it is cut */
  readonly limit?: number
  /** keep line feeds: the text stands in lines of its own */
  readonly lines?: boolean
  /** false where the text stands inside a link or button: then it is only cut */
  readonly expandable?: boolean
  readonly className?: string
}

/* oxlint-disable react/no-array-index-key -- the parts of one text have no other name */

/**
 * Text that an attacker may have written. It is isolated from the text around it, control and direction characters are
 * shown as what they are, and its length is bounded until somebody asks for the rest.
 */
export const HostileText = ({ text, limit = 160, lines = false, expandable = true, className }: Props) => {
  const [open, setOpen] = useState(false)
  const { parts, rest } = splitHostile(text, { limit: open ? 100_000 : limit, lines })
  return (
    <bdi className={className} translate="no">
      {parts.map((part, index) =>
        part.kind === 'text' ? (
          part.text
        ) : (
          <span key={index} className="escape" title={part.name}>
            {part.text}
          </span>
        ),
      )}
      {rest > 0 && !expandable ? '…' : null}
      {rest > 0 && expandable ? (
        <button type="button" className="link ml-1.5 font-sans text-[0.85em]" onClick={() => setOpen(true)}>
          … {count(rest)} more
        </button>
      ) : null}
    </bdi>
  )
}
