import { Dialog as Base } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'

type Props = {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly description?: ReactNode
  readonly children: ReactNode
}

/** A modal dialog: focus stays inside, Esc closes, focus returns to where it was. */
export const Dialog = ({ open, onClose, title, description, children }: Props) => (
  <Base.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
    <Base.Portal>
      <Base.Backdrop className="backdrop" />
      <Base.Popup className="dialog">
        <div className="flex items-start justify-between gap-4">
          <Base.Title className="text-xl font-semibold">{title}</Base.Title>
          <Base.Close className="button -mt-1 -mr-2 px-2!" data-kind="quiet" aria-label="Close">
            <X size={18} aria-hidden />
          </Base.Close>
        </div>
        {description === undefined ? null : <Base.Description className="mt-1 text-ink-2">{description}</Base.Description>}
        <div className="mt-4">{children}</div>
      </Base.Popup>
    </Base.Portal>
  </Base.Root>
)
