module github.com/metallb-l2/toolchain/lan-probe

go 1.26
