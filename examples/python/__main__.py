import pulumi
import pulumi_metallb_l2 as metallb_l2

config = pulumi.Config()

metallb = metallb_l2.MetalLBLayer2(
    "metallb",
    image=metallb_l2.ImageArgs(reference=config.require("image")),
    pools=[metallb_l2.PoolArgs(name="production", addresses=config.require_object("addresses"))],
)

office = metallb_l2.AddressPool(
    "office",
    addresses=["192.168.20.0/24"],
    opts=pulumi.ResourceOptions(depends_on=[metallb]),
)
metallb_l2.L2Advertisement("office-ports", pools=[office.name], interfaces=["eth1"])

pulumi.export("namespace", metallb.namespace)
pulumi.export("ready", metallb.ready)
