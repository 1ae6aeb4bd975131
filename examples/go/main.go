package main

import (
	"example.com/pulumi-metallb-l2/sdk/go/metallbl2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(install)
}

func install(ctx *pulumi.Context) error {
	settings := config.New(ctx, "")
	var addresses []string
	settings.RequireObject("addresses", &addresses)

	metallb, err := metallbl2.NewMetalLBLayer2(ctx, "metallb", &metallbl2.MetalLBLayer2Args{
		Image: &metallbl2.ImageArgs{Reference: pulumi.String(settings.Require("image"))},
		Pools: []metallbl2.PoolArgs{
			{Name: "production", Addresses: pulumi.ToStringArray(addresses)},
		},
	})
	if err != nil {
		return err
	}

	office, err := metallbl2.NewAddressPool(ctx, "office", &metallbl2.AddressPoolArgs{
		Addresses: pulumi.ToStringArray([]string{"192.168.20.0/24"}),
	}, pulumi.DependsOn([]pulumi.Resource{metallb}))
	if err != nil {
		return err
	}
	_, err = metallbl2.NewL2Advertisement(ctx, "office-ports", &metallbl2.L2AdvertisementArgs{
		Pools:      pulumi.StringArray{office.Name},
		Interfaces: pulumi.ToStringArray([]string{"eth1"}),
	})
	if err != nil {
		return err
	}

	ctx.Export("namespace", metallb.Namespace)
	ctx.Export("ready", metallb.Ready)
	return nil
}
