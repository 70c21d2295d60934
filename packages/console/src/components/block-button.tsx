import { Ban } from 'lucide-react'

import { mayDecide } from '../app/api.js'
import { useOperator } from '../app/session.js'
import { flattenHostile } from '../lib/hostile.js'

/** The way to a block of an address; nothing for those who may not decide. */
export const BlockButton = ({ target, onBlock }: { readonly target: string; readonly onBlock: (target: string) => void }) =>
  mayDecide(useOperator()) ? (
    <button
      type="button"
      className="button"
      data-kind="quiet"
      aria-label={`Block ${flattenHostile(target, 64)}`}
      onClick={() => onBlock(target)}
    >
      <Ban size={15} aria-hidden />
      Block…
    </button>
  ) : null
