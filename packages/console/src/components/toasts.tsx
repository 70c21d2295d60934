import { Toast } from '@base-ui/react/toast'
import { X } from 'lucide-react'

/** Short messages at the foot of the page, each with at most one way back. */
export const toasts = Toast.createToastManager()

const List = () =>
  Toast.useToastManager().toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="toast">
      <Toast.Content className="flex min-w-0 grow flex-wrap items-center gap-x-3 gap-y-1">
        <Toast.Title className="min-w-0 grow" />
        <Toast.Action className="rounded px-2 py-0.5 font-semibold underline underline-offset-3 outline-offset-0" />
      </Toast.Content>
      <Toast.Close aria-label="Dismiss" className="rounded p-1">
        <X size={16} aria-hidden />
      </Toast.Close>
    </Toast.Root>
  ))

/** Where toasts appear. */
export const Toasts = () => (
  <Toast.Provider toastManager={toasts} limit={3} timeout={10_000}>
    <Toast.Portal>
      <Toast.Viewport className="fixed right-3 bottom-3 left-3 z-30 ml-auto max-w-[27rem]">
        <List />
      </Toast.Viewport>
    </Toast.Portal>
  </Toast.Provider>
)
