import { SHORTCUTS } from '../lib/key-help.js'
import { Dialog } from './dialog.js'

/** Every key of the console and what it does. */
export const KeysDialog = ({ onClose }: { readonly onClose: () => void }) => (
  <Dialog open onClose={onClose} title="Keyboard">
    <dl className="grid grid-cols-[auto_1fr] gap-x-5 gap-y-2">
      {SHORTCUTS.map((shortcut) => (
        <div key={shortcut.does} className="contents">
          <dt className="flex gap-1">
            {shortcut.keys.map((key) => (
              <kbd key={key} className="key">
                {key}
              </kbd>
            ))}
          </dt>
          <dd>{shortcut.does}</dd>
        </div>
      ))}
    </dl>
  </Dialog>
)
