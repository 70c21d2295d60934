import { Dialog as Base } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'

type Props = {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly description?: ReactNode
  /** false: only what stands in it closes it */
  readonly closable?: boolean
  /** room for a table */
  readonly wide?: boolean
  readonly children: ReactNode
}

/** A modal dialog: focus stays inside, Esc closes, focus returns to where it was. */
export const Dialog = ({ open, onClose, title, description, closable = true, wide = false, children }: Props) => (
  <Base.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
    <Base.Portal>
      <Base.Backdrop className="backdrop" />
      <Base.Popup className="dialog" data-wide={wide ? '' : undefined}>
        <div className="flex items-start justify-between gap-4">
          <Base.Title className="text-xl font-semibold">{title}</Base.Title>
          {closable ? (
            <Base.Close className="button -mt-1 -mr-2 px-2!" data-kind="quiet" aria-label="Close">
              <X size={18} aria-hidden />
            </Base.Close>
          ) : null}
        </div>
        {description === undefined ? null : <Base.Description className="mt-1 text-ink-2">{description}</Base.Description>}
        <div className="mt-4">{children}</div>
      </Base.Popup>
    </Base.Portal>
  </Base.Root>
)

/** The end of a form in a dialog: the way out, and the act, which says while it is done that it is. */
export const DialogActions = ({
  onCancel,
  busy,
  ready = true,
  act,
  doing,
  kind = 'primary',
}: {
  readonly onCancel: () => void
  readonly busy: boolean
  /** false: the act cannot be done yet */
  readonly ready?: boolean
  readonly act: string
  readonly doing: string
  readonly kind?: 'primary' | 'danger'
}) => (
  <div className="flex flex-wrap justify-end gap-2">
    <button type="button" className="button" data-kind="quiet" onClick={onCancel}>
      Cancel
    </button>
    <button type="submit" className="button" data-kind={kind} disabled={busy || !ready}>
      {busy ? doing : act}
    </button>
  </div>
)
