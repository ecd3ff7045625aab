/** A VirtualMachine that is valid, for tests to break. */
export type AnyObject = { [field: string]: unknown }

export function virtualMachine(change: (vm: AnyObject) => void = () => {}): AnyObject {
  const vm: AnyObject = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: {
      runStrategy: 'Always',
      template: {
        spec: {
          domain: {
            memory: { guest: '2Gi' },
            devices: {
              disks: [
                { name: 'root', disk: { bus: 'virtio' }, bootOrder: 1 },
                { name: 'seed', cdrom: { bus: 'sata' } },
              ],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [
            { name: 'root', dataVolume: { name: 'web-root' } },
            { name: 'seed', cloudInitNoCloud: { userData: '#cloud-config\n' } },
          ],
        },
      },
    },
  }
  change(vm)
  return vm
}

/** The object at a way of keys; fails where there is none. */
export function at(root: AnyObject, ...way: (string | number)[]): AnyObject {
  let value: unknown = root
  for (const part of way) value = (value as AnyObject)[part]
  if (value === null || typeof value !== 'object') throw new Error(`nothing at ${way.join('.')}`)
  return value as AnyObject
}

export function guestOf(vm: AnyObject): AnyObject {
  return at(vm, 'spec', 'template', 'spec')
}

export function dataVolume(spec: AnyObject): AnyObject {
  return { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: { name: 'disk' }, spec }
}
